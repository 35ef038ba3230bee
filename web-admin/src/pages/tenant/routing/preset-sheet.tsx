/* preset-sheet: one preset: its text to be changed, its versions to go back to, what it is the default of. */
import { Button, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { api, ifMatch, type Schemas, take } from '../../../api/client';
import { Id, Time } from '../../../parts/figures';
import { Confirm, useSubmit } from '../../../parts/form';
import { notify } from '../../../parts/notify';
import { Bone, Fact, Facts } from '../../../parts/page';
import { Sheet, SheetSection } from '../../../parts/sheet';
import { ErrorState, FormError } from '../../../parts/states';
import { Status } from '../../../parts/status';
import { useMay } from '../../../session/session';
import { useTenantId } from '../../../session/tenant';
import { DefaultOf } from './default-of';
import { PresetEditor } from './editor';
import { EXAMPLE, readPreset, writePreset } from './preset-text';
import classes from './routing.module.css';

type Preset = Schemas['Preset'];

function usePresetsChanged(): () => Promise<void> {
  const client = useQueryClient();
  const tenant = useTenantId();
  return async () => {
    await Promise.all(
      ['presets', 'preset', 'preset-versions', 'routing'].map((what) =>
        client.invalidateQueries({ queryKey: [what, tenant] }),
      ),
    );
  };
}

/* ---- a new one ---- */

export function NewPreset({
  opened,
  onClose,
  onMade,
}: {
  opened: boolean;
  onClose: () => void;
  onMade: (name: string) => void;
}) {
  const tenant = useTenantId();
  const changed = usePresetsChanged();
  const [name, setName] = useState('');
  const [text, setText] = useState(EXAMPLE);
  const read = readPreset(text);
  const submit = useSubmit(async (body: Schemas['PresetNew'], key) => {
    await take(
      api.POST('/tenants/{tenant}/presets', {
        params: { path: { tenant }, header: { 'Idempotency-Key': key } },
        body,
      }),
    );
    notify(`Preset “${body.name}” is made`);
    setName('');
    setText(EXAMPLE);
    onMade(body.name);
    await changed();
  });
  return (
    <Sheet opened={opened} onClose={onClose} title="New preset" wide>
      <TextInput
        label="Name"
        description="Small letters, digits, “-”, “_” and “.”. A request names it as @preset/NAME; “auto” is what the model auto goes by."
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={submit.fieldError('name')}
        maxLength={64}
        required
        data-autofocus
        autoComplete="off"
        autoCapitalize="off"
      />
      <PresetEditor text={text} onChange={setText} error={submit.fieldError('name') ? null : submit.error} />
      <div className={classes.row}>
        <Button
          onClick={() => 'value' in read && void submit.run({ name: name.trim(), body: read.value })}
          disabled={'problem' in read || name.trim() === ''}
          loading={submit.pending}
        >
          Make preset
        </Button>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
      </div>
    </Sheet>
  );
}

/* ---- one that is there ---- */

export function PresetSheet({ name, onClose }: { name: string | null; onClose: () => void }) {
  const tenant = useTenantId();
  const { data, error, refetch } = useQuery({
    queryKey: ['preset', tenant, name],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/presets/{preset}', {
          params: { path: { tenant, preset: name ?? '' } },
          signal,
        }),
      ),
    enabled: name !== null,
  });
  return (
    <Sheet
      opened={name !== null}
      onClose={onClose}
      title={name ?? 'Preset'}
      wide
      about={
        data && (
          <>
            <Status value="current" label={`Version ${data.version}`} />
            <Id value={data.id} label="preset id" />
          </>
        )
      }
    >
      {error && !data ? (
        <ErrorState error={error} what="The preset could not be read" retry={() => void refetch()} />
      ) : data ? (
        <PresetBody key={data.etag} preset={data} onGone={onClose} />
      ) : (
        <Bone height={520} />
      )}
    </Sheet>
  );
}

function PresetBody({ preset, onGone }: { preset: Preset; onGone: () => void }) {
  const tenant = useTenantId();
  const mayWrite = useMay('routing:write');
  const changed = usePresetsChanged();
  const saved = writePreset(preset.body);
  const [text, setText] = useState(saved);
  const [from, setFrom] = useState<number | null>(null);
  const read = readPreset(text);
  const submit = useSubmit(async (body: Schemas['PresetPut']) => {
    const made = await take(
      api.PUT('/tenants/{tenant}/presets/{preset}', {
        params: { path: { tenant, preset: preset.name }, header: ifMatch(preset.etag) },
        body,
      }),
    );
    notify(`Version ${made.version} of “${preset.name}” holds from now on`);
    await changed();
  });
  const edit = (next: string, version: number | null) => {
    submit.reset();
    setText(next);
    setFrom(version);
  };
  return (
    <>
      <Facts>
        <Fact name="Named as">
          <code>@preset/{preset.name}</code>
        </Fact>
        <Fact name="Default of">
          <DefaultOf ids={preset.default_of} links />
        </Fact>
        <Fact name="Changed">
          <Time at={preset.updated_at} /> by {preset.updated_by}
        </Fact>
      </Facts>
      <Link href={`/t/${tenant}/routing/try?model=${encodeURIComponent(`@preset/${preset.name}`)}`}>
        Try where a request would go
      </Link>
      {from !== null && (
        <p className={classes.say}>
          This is version {from}. Saved, it becomes version {preset.version + 1}.
        </p>
      )}
      <PresetEditor
        text={text}
        onChange={(next) => edit(next, from)}
        error={submit.error}
        readOnly={!mayWrite}
      />
      {mayWrite && (
        <div className={classes.row}>
          <Button
            onClick={() => 'value' in read && void submit.run({ body: read.value })}
            disabled={'problem' in read || text === saved}
            loading={submit.pending}
          >
            Save as version {preset.version + 1}
          </Button>
          <Button variant="default" disabled={text === saved} onClick={() => edit(saved, null)}>
            Discard changes
          </Button>
          <DeletePreset preset={preset} onGone={onGone} />
        </div>
      )}
      <Versions preset={preset} onTake={(body, version) => edit(writePreset(body), version)} />
    </>
  );
}

function DeletePreset({ preset, onGone }: { preset: Preset; onGone: () => void }) {
  const tenant = useTenantId();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const submit = useSubmit(async () => {
    await take(
      api.DELETE('/tenants/{tenant}/presets/{preset}', {
        params: { path: { tenant, preset: preset.name }, header: ifMatch(preset.etag) },
      }),
    );
    notify(`Preset “${preset.name}” is deleted`);
    setAsking(false);
    onGone();
    await client.invalidateQueries({ queryKey: ['presets', tenant] });
  });
  return (
    <>
      <Button variant="light" color="red" onClick={() => setAsking(true)}>
        Delete
      </Button>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Delete “${preset.name}”?`}
        typed={preset.name}
        confirmLabel="Delete preset"
        onConfirm={() => void submit.run(undefined)}
        pending={submit.pending}
        error={submit.error}
      >
        Requests that name it are refused from then on. Its versions are gone with it.
      </Confirm>
    </>
  );
}

function Versions({ preset, onTake }: { preset: Preset; onTake: (body: unknown, version: number) => void }) {
  const tenant = useTenantId();
  const path = { tenant, preset: preset.name };
  const { data, error, refetch } = useQuery({
    queryKey: ['preset-versions', tenant, preset.name, preset.version],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/presets/{preset}/versions', {
          params: { path, query: { limit: 50 } },
          signal,
        }),
      ),
  });
  const open = useSubmit(async (version: number) => {
    const one = await take(
      api.GET('/tenants/{tenant}/presets/{preset}/versions/{version}', {
        params: { path: { ...path, version } },
      }),
    );
    onTake(one.body, version);
  });
  if (error && !data) {
    return <ErrorState error={error} what="The versions could not be read" retry={() => void refetch()} />;
  }
  return (
    <SheetSection title="Versions">
      <FormError error={open.error} />
      {data ? (
        <ul className={classes.versions}>
          {data.data.map((one) => (
            <li key={one.version}>
              <span>
                {one.version}
                {one.current && ' (now)'}
              </span>
              <span>
                <Time at={one.created_at} /> by {one.created_by}
              </span>
              <Button
                variant="subtle"
                color="gray"
                aria-label={`Put version ${one.version} into the editor`}
                onClick={() => void open.run(one.version)}
              >
                Into the editor
              </Button>
            </li>
          ))}
        </ul>
      ) : (
        <Bone height={120} />
      )}
      {data?.next_cursor && (
        <p className={classes.say}>Older ones: tollgatectl presets versions {preset.name}</p>
      )}
    </SheetSection>
  );
}
