/* key-sheet: one key beside the list, with what can be done about it. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { api, type Schemas, take } from '../../../api/client';
import { Count, Id, Time } from '../../../parts/figures';
import { BudgetMeter } from '../../../parts/meter';
import { Bone, Fact, Facts } from '../../../parts/page';
import { Sheet } from '../../../parts/sheet';
import { ErrorState, FormError } from '../../../parts/states';
import { Status } from '../../../parts/status';
import { useMay } from '../../../session/session';
import { useTenantId } from '../../../session/tenant';
import { EditKey, RevokeKey, RotateKey, useToggleKey } from './key-dialogs';

type Key = Schemas['Key'];

/** `known` is the key as the list has it, shown until the key itself has come. */
export function KeySheet({
  id,
  known,
  onClose,
}: {
  id: string | null;
  known: Key | undefined;
  onClose: () => void;
}) {
  const tenant = useTenantId();
  const { data, error, refetch } = useQuery({
    queryKey: ['key', tenant, id],
    queryFn: ({ signal }) =>
      take(api.GET('/tenants/{tenant}/keys/{key}', { params: { path: { tenant, key: id ?? '' } }, signal })),
    enabled: id !== null,
    placeholderData: known,
  });
  return (
    <Sheet
      opened={id !== null}
      onClose={onClose}
      title={data?.name ?? 'Key'}
      about={
        data && (
          <>
            <Status value={data.status} title={data.status_reason ?? undefined} />
            <Status value={data.kind} tone={data.kind === 'live' ? 'plain' : 'info'} />
            <Id value={data.id} label="key id" />
          </>
        )
      }
    >
      {error && !data ? (
        <ErrorState error={error} what="The key could not be read" retry={() => void refetch()} />
      ) : data ? (
        <KeyBody subject={data} />
      ) : (
        <Bone height={320} />
      )}
    </Sheet>
  );
}

type Dialog = 'edit' | 'rotate' | 'revoke' | null;

function KeyBody({ subject }: { subject: Key }) {
  const tenant = useTenantId();
  const [dialog, setDialog] = useState<Dialog>(null);
  const mayWrite = useMay('keys:write');
  const { toggle, pending, error } = useToggleKey(subject);
  const dead = subject.status === 'revoked' || subject.status === 'expired';
  const close = () => setDialog(null);

  return (
    <>
      {mayWrite && !dead && (
        <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
          <Button variant="default" onClick={() => setDialog('edit')}>
            Change
          </Button>
          <Button variant="default" onClick={() => setDialog('rotate')}>
            Rotate
          </Button>
          <Button variant="default" onClick={toggle} loading={pending}>
            {subject.status === 'active' ? 'Disable' : 'Enable'}
          </Button>
          <Button variant="light" color="red" onClick={() => setDialog('revoke')}>
            Revoke
          </Button>
        </div>
      )}
      <FormError error={error} />
      <KeyFacts subject={subject} />
      {subject.kind !== 'mgmt' && (
        <Link href={`/t/${tenant}/requests?key=${subject.id}`}>Requests made with this key</Link>
      )}
      <EditKey key={subject.etag} subject={subject} opened={dialog === 'edit'} onClose={close} />
      <RotateKey subject={subject} opened={dialog === 'rotate'} onClose={close} />
      <RevokeKey subject={subject} opened={dialog === 'revoke'} onClose={close} />
    </>
  );
}

function KeyFacts({ subject }: { subject: Key }) {
  const mgmt = subject.kind === 'mgmt';
  return (
    <Facts>
      {subject.status_reason && <Fact name="Why">{subject.status_reason}</Fact>}
      <Fact name="Project">{subject.project_name}</Fact>
      {mgmt ? (
        <Fact name="Scopes">{subject.scopes.join(', ')}</Fact>
      ) : (
        <>
          <Fact name="Spent">
            <BudgetMeter spent={subject.spent} budget={subject.budget} window={subject.budget_window} />
          </Fact>
          <Fact name="Models">{subject.models ? subject.models.join(', ') : 'All'}</Fact>
          <Fact name="Requests per minute">
            {subject.requests_per_minute === null ? (
              'No limit'
            ) : (
              <Count value={subject.requests_per_minute} />
            )}
          </Fact>
          <Fact name="Tokens per minute">
            {subject.tokens_per_minute === null ? 'No limit' : <Count value={subject.tokens_per_minute} />}
          </Fact>
        </>
      )}
      <Fact name="Last used">
        <Time at={subject.last_used_at} none="Never" />
      </Fact>
      <Fact name="Expires">
        <Time at={subject.expires_at} none="Never" />
      </Fact>
      <Fact name="In logs">
        {subject.public_parts.length > 0 ? <code>{subject.public_parts.join(', ')}</code> : '–'}
      </Fact>
      <Fact name="Made">
        <Time at={subject.created_at} /> {subject.created_by && <>by {subject.created_by}</>}
      </Fact>
    </Facts>
  );
}
