/* import: a catalog from a file: what it would change is shown first, and taken over only then. */
import { Button, Checkbox, FileInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type Schemas, take } from '../../api/client';
import { formatCount, formatTime, plural } from '../../lib/format';
import { useSubmit } from '../../parts/form';
import { notify } from '../../parts/notify';
import { Figure, Figures, Page, Panel } from '../../parts/page';
import { EmptyState, FormError } from '../../parts/states';
import { type Columns, DataTable } from '../../parts/table';
import classes from './operator.module.css';

type Change = Schemas['ImportChange'];

const COLUMNS: Columns<Change> = [
  { header: 'What happens', accessorKey: 'action' },
  { header: 'To', accessorKey: 'kind' },
  { header: 'Which', accessorKey: 'what' },
  { header: 'Detail', accessorKey: 'detail', meta: { wideOnly: true } },
];

export default function Import() {
  const client = useQueryClient();
  const [catalog, setCatalog] = useState<Record<string, never> | null>(null);
  const [unread, setUnread] = useState<string | null>(null);
  const [retireMany, setRetireMany] = useState(false);
  const [result, setResult] = useState<Schemas['ImportResult'] | null>(null);
  const submit = useSubmit(async (wish: { dry_run: boolean }, key) => {
    if (catalog === null) return;
    const done = await take(
      api.POST('/catalog/imports', {
        params: { header: { 'Idempotency-Key': key } },
        body: { catalog, format: 'tollgate', retire_many: retireMany, ...wish },
      }),
    );
    setResult(done);
    if (done.dry_run) return;
    await Promise.all(
      [['models'], ['model'], ['prices'], ['providers']].map((queryKey) =>
        client.invalidateQueries({ queryKey }),
      ),
    );
    notify('The catalog is taken over.');
  });
  const read = async (file: File | null) => {
    setResult(null);
    setUnread(null);
    setCatalog(null);
    if (!file) return;
    try {
      const json: unknown = JSON.parse(await file.text());
      if (typeof json !== 'object' || json === null || Array.isArray(json))
        throw new Error('it is no JSON object');
      setCatalog(json as Record<string, never>);
    } catch (thrown) {
      setUnread(`${file.name} cannot be read: ${thrown instanceof Error ? thrown.message : 'it is no JSON'}`);
    }
  };
  return (
    <Page
      title="Import a catalog"
      about="Nothing is deleted: what the file has no more is retired, prices become new versions."
    >
      <Panel>
        <div className={classes.stack}>
          <FormError error={submit.error} />
          <FileInput
            label="Catalog"
            description="A JSON file in Tollgate’s own form."
            placeholder="Choose a file"
            accept="application/json,.json"
            error={unread}
            onChange={(file) => void read(file)}
            clearable
            clearButtonProps={{ 'aria-label': 'No file' }}
          />
          <Checkbox
            label="It may retire more than a tenth of the catalog"
            checked={retireMany}
            onChange={(event) => {
              setRetireMany(event.currentTarget.checked);
              setResult(null);
            }}
          />
          <div>
            <Button
              size="sm"
              disabled={catalog === null}
              loading={submit.pending}
              onClick={() => void submit.run({ dry_run: result === null || !result.dry_run })}
            >
              {result?.dry_run ? 'Take it over' : 'See what would change'}
            </Button>
          </div>
        </div>
      </Panel>
      {result && <Result result={result} />}
    </Page>
  );
}

function Result({ result }: { result: Schemas['ImportResult'] }) {
  const { counts, changes } = result;
  const all = counts.added + counts.changed + counts.retired + counts.prices;
  return (
    <>
      <Figures>
        <Figure name="Added">{formatCount(counts.added)}</Figure>
        <Figure name="Changed">{formatCount(counts.changed)}</Figure>
        <Figure name="Retired">{formatCount(counts.retired)}</Figure>
        <Figure
          name="New prices"
          note={result.prices_from ? `from ${formatTime(result.prices_from)}` : undefined}
        >
          {formatCount(counts.prices)}
        </Figure>
        <Figure name="In quarantine" note="held back by the checks">
          {formatCount(counts.quarantined)}
        </Figure>
      </Figures>
      <Panel
        title={result.dry_run ? 'What would change' : 'What was changed'}
        aside={
          all > changes.length
            ? `the first ${plural(changes.length, 'change')} of ${formatCount(all)}`
            : undefined
        }
        flush
      >
        <DataTable
          label="changes"
          columns={COLUMNS}
          rows={changes}
          rowId={(row) => `${row.action} ${row.kind} ${row.what} ${row.detail}`}
          empty={<EmptyState title="Nothing differs">The catalog is as the file says.</EmptyState>}
        />
      </Panel>
    </>
  );
}
