/* try: where a request would go, and why not elsewhere. Nothing is sent to a provider. */
import { Autocomplete, Button, PasswordInput, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, take } from '../../../api/client';
import { sentence } from '../../../lib/format';
import { textParam, useUrlState } from '../../../lib/url-state';
import { Count, Duration, Money } from '../../../parts/figures';
import { useSubmit } from '../../../parts/form';
import { Panel } from '../../../parts/page';
import { EmptyState, ErrorState, FormError } from '../../../parts/states';
import { Status } from '../../../parts/status';
import { type Columns, DataTable } from '../../../parts/table';
import { useTenantId } from '../../../session/tenant';
import { type Candidate, type DryRun, dryRun, type Excluded, type Leg } from './dry-run-call';
import classes from './routing.module.css';

const STATE = { model: textParam(200) };
const PAUSE_MS = 250;

const TONES: Record<string, 'good' | 'warn' | 'bad'> = { ok: 'good', open: 'bad' };

const FALLS: Record<string, string> = {
  error: 'an error',
  context_window: 'a prompt that is too long',
  content_policy: 'a refused content',
};

const LEGS: Columns<Numbered<Leg>> = [
  { header: 'No.', accessorKey: 'place', meta: { align: 'right', width: 20 } },
  { header: 'Target', accessorKey: 'target' },
  { header: 'Model', accessorKey: 'model' },
  {
    header: 'Tried after',
    accessorKey: 'on',
    cell: ({ row: { original: leg } }) =>
      leg.place === 1 ? 'nothing: it is first' : leg.on.map((fall) => FALLS[fall] ?? fall).join(', '),
  },
];

type Numbered<T> = T & { place: number };

const ORDER: Columns<Numbered<Candidate>> = [
  { header: 'No.', accessorKey: 'place', meta: { align: 'right', width: 20 } },
  { header: 'Provider', accessorKey: 'provider', meta: { width: 90 } },
  { header: 'Model', accessorKey: 'model', meta: { wideOnly: true } },
  { header: 'Target', accessorKey: 'target', meta: { wideOnly: true, help: 'Of the preset' } },
  {
    header: 'Health',
    accessorKey: 'health',
    cell: ({ row: { original: one } }) => (
      <Status value={one.health} label={sentence(one.health)} tone={TONES[one.health] ?? 'warn'} />
    ),
  },
  {
    header: 'Prompt',
    id: 'prompt',
    meta: { align: 'right', help: 'USD per million tokens, by your plan' },
    cell: ({ row }) => <Money value={row.original.price.prompt} />,
  },
  {
    header: 'Answer',
    id: 'completion',
    meta: { align: 'right', help: 'USD per million tokens, by your plan' },
    cell: ({ row }) => <Money value={row.original.price.completion} />,
  },
  {
    header: 'First token',
    accessorKey: 'first_token_ms',
    meta: { align: 'right', wideOnly: true, help: 'Moving average of this gateway' },
    cell: ({ row }) => <Duration ms={row.original.first_token_ms} />,
  },
  {
    header: 'Tokens/s',
    accessorKey: 'tokens_per_second',
    meta: { align: 'right', wideOnly: true, help: 'Moving average of this gateway' },
    cell: ({ row }) => <Count value={row.original.tokens_per_second} />,
  },
];

const EXCLUDED: Columns<Numbered<Excluded>> = [
  { header: 'Provider', accessorKey: 'provider', meta: { width: 90 } },
  { header: 'Model', accessorKey: 'model', meta: { wideOnly: true } },
  {
    header: 'Rule',
    accessorKey: 'excluded_because',
    cell: ({ row }) => <code>{row.original.excluded_because}</code>,
  },
  { header: 'Target', accessorKey: 'target', meta: { wideOnly: true, help: 'Of the preset' } },
  { header: 'Why', accessorKey: 'message' },
];

function numbered<T>(rows: readonly T[]): Numbered<T>[] {
  return rows.map((row, at) => ({ ...row, place: at + 1 }));
}

/** Presets, and models that have what is typed in their name. */
function useSuggestions(typed: string): string[] {
  const tenant = useTenantId();
  const [q] = useDebouncedValue(typed.trim(), PAUSE_MS);
  const presets = useQuery({
    queryKey: ['presets', tenant, 'names'],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/presets', {
          params: { path: { tenant }, query: { limit: 200 } },
          signal,
        }),
      ),
  });
  const models = useQuery({
    queryKey: ['models', 'suggested', q],
    queryFn: ({ signal }) =>
      take(api.GET('/models', { params: { query: { q: q || undefined, limit: 20 } }, signal })),
    enabled: !q.startsWith('@'),
    placeholderData: keepPreviousData,
  });
  return [
    ...(presets.data?.data.map((preset) => `@preset/${preset.name}`) ?? []),
    ...(models.data?.data.filter((model) => model.sellable > 0).map((model) => model.id) ?? []),
  ];
}

export function Try() {
  const [state, set] = useUrlState(STATE);
  /* The key stays in this page's memory: not in the address, not in any storage. */
  const [key, setKey] = useState('');
  const [prompt, setPrompt] = useState('Say hello.');
  const [told, setTold] = useState<DryRun | null>(null);
  const suggestions = useSuggestions(state.model);
  const submit = useSubmit(async (asked: { model: string; prompt: string }) => {
    setTold(null);
    setTold(await dryRun(key.trim(), asked.model, asked.prompt));
  });
  const ready = key.trim() !== '' && state.model.trim() !== '';
  return (
    <>
      <Panel title="A request">
        <form
          className={classes.rules}
          onSubmit={(event) => {
            event.preventDefault();
            if (ready && !submit.pending) void submit.run({ model: state.model.trim(), prompt });
          }}
          noValidate
        >
          <FormError error={submit.error} />
          <Autocomplete
            label="Model or preset"
            placeholder="openai/gpt-4.1-mini, @preset/fast"
            data={suggestions}
            value={state.model}
            onChange={(model) => set({ model }, { replace: true })}
            limit={12}
            required
            autoCapitalize="off"
          />
          <Textarea
            label="Prompt"
            description="Its length decides who can read it. It is not kept."
            value={prompt}
            onChange={(event) => setPrompt(event.currentTarget.value)}
            rows={3}
          />
          <PasswordInput
            label="API key"
            description="A key of yours, live or test: it decides what may be called. It goes to the gateway alone and is forgotten with this page."
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            autoComplete="off"
            required
          />
          <div className={classes.row}>
            <Button type="submit" disabled={!ready} loading={submit.pending}>
              Where would it go?
            </Button>
          </div>
        </form>
      </Panel>
      {told && <Told told={told} />}
    </>
  );
}

function asideOf(told: DryRun): string {
  const by = told.strategy ? `by ${told.strategy}` : '';
  return told.preset ? `${by} · preset ${told.preset}` : by;
}

function Told({ told }: { told: DryRun }) {
  return (
    <>
      {told.refusal !== null ? (
        <Panel title="It would be refused">
          <ErrorState error={new Error(told.refusal)} what="Nobody would be asked" />
        </Panel>
      ) : (
        <Panel title="It would be tried in this order" aside={asideOf(told)} flush>
          <DataTable
            label="attempts"
            columns={ORDER}
            rows={numbered(told.order)}
            rowId={(one) => String(one.place)}
            empty={<EmptyState title="Nobody would be asked" />}
          />
        </Panel>
      )}
      {(told.preset !== null || told.legs.length > 1) && (
        <Panel title="What failures lead to" flush>
          <DataTable
            label="targets"
            columns={LEGS}
            rows={numbered(told.legs)}
            rowId={(one) => String(one.place)}
            empty={<EmptyState title="To nothing else" />}
          />
        </Panel>
      )}
      <Panel title="Left out" flush>
        <DataTable
          label="providers that are left out"
          columns={EXCLUDED}
          rows={numbered(told.excluded)}
          rowId={(one) => String(one.place)}
          empty={<EmptyState title="Nobody is left out" />}
        />
      </Panel>
    </>
  );
}
