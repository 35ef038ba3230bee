/* key-dialogs: what is done with keys: make, change, rotate, disable, revoke. */
import { Button, Modal, Select } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ifMatch, type Schemas, take } from '../../../api/client';
import { Time } from '../../../parts/figures';
import { Confirm, FormDrawer, useSubmit } from '../../../parts/form';
import classes from '../../../parts/form.module.css';
import { notify } from '../../../parts/notify';
import { SecretModal } from '../../../parts/secret';
import { FormError } from '../../../parts/states';
import { useTenantId } from '../../../session/tenant';
import { KeyFields } from './key-fields';
import { EMPTY_KEY, formOf, type KeyForm, toNew, toPatch, whyNot } from './key-form';

type Key = Schemas['Key'];
type KeyMade = Schemas['KeyMade'];

interface DialogProps {
  opened: boolean;
  onClose: () => void;
}

/** What has changed about keys is asked for anew, wherever it is shown. */
function useKeysChanged(): () => Promise<void> {
  const client = useQueryClient();
  const tenant = useTenantId();
  return async () => {
    await Promise.all([
      client.invalidateQueries({ queryKey: ['keys', tenant] }),
      client.invalidateQueries({ queryKey: ['key', tenant] }),
    ]);
  };
}

export function CreateKey({ opened, onClose, onMade }: DialogProps & { onMade?: (made: KeyMade) => void }) {
  const tenant = useTenantId();
  const changed = useKeysChanged();
  const [form, setForm] = useState<KeyForm>(EMPTY_KEY);
  const [made, setMade] = useState<KeyMade | null>(null);
  const submit = useSubmit(async (body: Schemas['KeyNew'], key) => {
    const answer = await take(
      api.POST('/tenants/{tenant}/keys', {
        params: { path: { tenant }, header: { 'Idempotency-Key': key } },
        body,
      }),
    );
    setMade(answer);
    setForm(EMPTY_KEY);
    onClose();
    await changed();
  });
  const close = () => {
    if (made) onMade?.(made);
    setMade(null);
  };
  return (
    <>
      <FormDrawer
        opened={opened}
        onClose={onClose}
        title="New key"
        submitLabel="Make key"
        onSubmit={() => void submit.run(toNew(form))}
        pending={submit.pending}
        error={submit.error}
        blocked={whyNot(form)}
      >
        <KeyFields
          form={form}
          onChange={(patch) => setForm((before) => ({ ...before, ...patch }))}
          fieldError={submit.fieldError}
          fresh
        />
      </FormDrawer>
      <SecretModal
        title={`Key “${made?.key.name ?? ''}” is made`}
        secret={made?.secret ?? null}
        what="secret"
        onClose={close}
      />
    </>
  );
}

/** Mount it with the key to change, so that it begins with the key as it is. */
export function EditKey({ subject, opened, onClose }: DialogProps & { subject: Key }) {
  const tenant = useTenantId();
  const changed = useKeysChanged();
  const [form, setForm] = useState<KeyForm>(() => formOf(subject));
  const patch = toPatch(subject, form);
  const submit = useSubmit(async (body: Schemas['KeyPatch']) => {
    await take(
      api.PATCH('/tenants/{tenant}/keys/{key}', {
        params: { path: { tenant, key: subject.id }, header: ifMatch(subject.etag) },
        body,
      }),
    );
    notify(`Key “${form.name.trim()}” is changed`);
    onClose();
    await changed();
  });
  return (
    <FormDrawer
      opened={opened}
      onClose={onClose}
      title={`Change “${subject.name}”`}
      submitLabel="Save"
      onSubmit={() => patch && void submit.run(patch)}
      pending={submit.pending}
      error={submit.error}
      blocked={whyNot(form) ?? (patch ? undefined : 'Nothing has changed')}
    >
      <KeyFields
        form={form}
        onChange={(change) => setForm((before) => ({ ...before, ...change }))}
        fieldError={submit.fieldError}
        fresh={false}
      />
    </FormDrawer>
  );
}

const OVERLAPS = [
  { value: '0', label: 'none: the old secret ends now' },
  { value: '3600', label: '1 hour' },
  { value: '86400', label: '1 day' },
  { value: '604800', label: '7 days' },
  { value: '2592000', label: '30 days' },
];

export function RotateKey({ subject, opened, onClose }: DialogProps & { subject: Key }) {
  const tenant = useTenantId();
  const changed = useKeysChanged();
  const [overlap, setOverlap] = useState('86400');
  const [made, setMade] = useState<KeyMade | null>(null);
  const submit = useSubmit(async (body: Schemas['KeyRotate'], key) => {
    const answer = await take(
      api.POST('/tenants/{tenant}/keys/{key}/rotate', {
        params: { path: { tenant, key: subject.id }, header: { 'Idempotency-Key': key } },
        body,
      }),
    );
    setMade(answer);
    onClose();
    await changed();
  });
  return (
    <>
      <Modal
        opened={opened}
        onClose={onClose}
        title={`Rotate “${subject.name}”`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <form
          className={classes.confirm}
          onSubmit={(event) => {
            event.preventDefault();
            void submit.run({ overlap_seconds: Number(overlap) });
          }}
        >
          <FormError error={submit.error} />
          <p className={classes.say}>
            The key gets a new secret. Limits, budget and history stay. The secret it has now works on through
            the overlap, so that it can be replaced wherever it is used.
          </p>
          <Select
            label="Overlap"
            data={OVERLAPS}
            value={overlap}
            onChange={(value) => setOverlap(value ?? '86400')}
            error={submit.fieldError('overlap_seconds')}
          />
          <div className={classes.foot}>
            <Button type="submit" size="sm" loading={submit.pending}>
              Make new secret
            </Button>
            <Button variant="default" size="sm" onClick={onClose}>
              Cancel
            </Button>
          </div>
        </form>
      </Modal>
      <SecretModal
        title={`New secret of “${subject.name}”`}
        secret={made?.secret ?? null}
        what="secret"
        onClose={() => setMade(null)}
      >
        <p className={classes.say}>
          {overlap === '0'
            ? 'The secret before it has ended.'
            : 'The secret before it ends after the overlap.'}{' '}
          {made?.secret_expires_at && (
            <>
              This one ends <Time at={made.secret_expires_at} />.
            </>
          )}
        </p>
      </SecretModal>
    </>
  );
}

export function RevokeKey({ subject, opened, onClose }: DialogProps & { subject: Key }) {
  const tenant = useTenantId();
  const changed = useKeysChanged();
  const submit = useSubmit(async (body: Schemas['KeyRevoke'], key) => {
    await take(
      api.POST('/tenants/{tenant}/keys/{key}/revoke', {
        params: { path: { tenant, key: subject.id }, header: { 'Idempotency-Key': key } },
        body,
      }),
    );
    notify(`Key “${subject.name}” is revoked`);
    onClose();
    await changed();
  });
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title="Revoke key"
      typed={subject.name}
      confirmLabel="Revoke for good"
      onConfirm={() => void submit.run({})}
      pending={submit.pending}
      error={submit.error}
    >
      Whatever uses <strong>{subject.name}</strong> is refused within a second. This cannot be undone; to stop
      a key for a while, disable it instead.
    </Confirm>
  );
}

/** Disable and enable undo each other, so nobody is asked. */
export function useToggleKey(subject: Key): { toggle: () => void; pending: boolean; error: unknown } {
  const tenant = useTenantId();
  const changed = useKeysChanged();
  const submit = useSubmit(async (status: 'active' | 'disabled') => {
    await take(
      api.PATCH('/tenants/{tenant}/keys/{key}', {
        params: { path: { tenant, key: subject.id }, header: ifMatch(subject.etag) },
        body: { status },
      }),
    );
    notify(status === 'disabled' ? `Key “${subject.name}” is disabled` : `Key “${subject.name}” works again`);
    await changed();
  });
  return {
    toggle: () => void submit.run(subject.status === 'active' ? 'disabled' : 'active'),
    pending: submit.pending,
    error: submit.error,
  };
}
