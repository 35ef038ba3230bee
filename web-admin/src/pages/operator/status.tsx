/* status: how the programs are, and what somebody has to look at. */
import { useQuery } from '@tanstack/react-query';
import { api, type Schemas, take } from '../../api/client';
import { formatBytes } from '../../lib/format';
import { Count, Money, Time } from '../../parts/figures';
import { Icon } from '../../parts/icon';
import { Bone, Columns, Fact, Facts, Figure, Figures, Page, Panel } from '../../parts/page';
import { EmptyState, ErrorState } from '../../parts/states';
import { Status as State } from '../../parts/status';
import { DataTable, type Columns as TableColumns } from '../../parts/table';
import classes from './operator.module.css';

type Whole = Schemas['Status'];
type Gateway = Whole['gateways'][number];
type Source = Whole['sources'][number];

const GATEWAYS: TableColumns<Gateway> = [
  { header: 'Host', accessorKey: 'host', meta: { width: 120 } },
  {
    header: 'State',
    accessorKey: 'state',
    cell: ({ row }) => (
      <State
        value={row.original.alive ? 'alive' : row.original.state}
        {...(row.original.alive ? {} : { tone: row.original.state === 'stopped' ? 'plain' : 'bad' })}
      />
    ),
  },
  { header: 'Version', accessorKey: 'version', meta: { wideOnly: true } },
  {
    header: 'Started',
    accessorKey: 'started_at',
    cell: ({ row }) => <Time at={row.original.started_at} as="ago" />,
    meta: { wideOnly: true },
  },
  { header: 'Seen', accessorKey: 'seen_at', cell: ({ row }) => <Time at={row.original.seen_at} as="ago" /> },
];

const SOURCES: TableColumns<Source> = [
  { header: 'Source', accessorKey: 'identity', meta: { width: 220 } },
  {
    header: 'State',
    accessorKey: 'state',
    cell: ({ row }) => (
      <State
        value={row.original.state}
        title={row.original.alarm ?? undefined}
        {...(row.original.alarm ? { tone: 'bad' } : {})}
      />
    ),
  },
  {
    header: 'Behind',
    accessorKey: 'behind',
    cell: ({ row }) => <Count value={row.original.behind} />,
    meta: { align: 'right', help: 'Messages of Kafka, bytes of a journal, that are not posted yet' },
  },
  {
    header: 'Events',
    accessorKey: 'events',
    cell: ({ row }) => <Count value={row.original.events} />,
    meta: { align: 'right' },
  },
  {
    header: 'Dead letters',
    accessorKey: 'dead_letters',
    cell: ({ row }) => <Count value={row.original.dead_letters} />,
    meta: { align: 'right', wideOnly: true },
  },
  {
    header: 'Last event',
    accessorKey: 'last_event_at',
    cell: ({ row }) => <Time at={row.original.last_event_at} as="ago" none="none" />,
    meta: { wideOnly: true },
  },
];

export default function StatusPage() {
  const status = useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => take(api.GET('/status', { signal })),
    refetchInterval: 5000,
  });
  const one = status.data;
  if (status.error && !one) {
    return (
      <Page title="Status">
        <ErrorState
          error={status.error}
          what="The status could not be read"
          retry={() => void status.refetch()}
        />
      </Page>
    );
  }
  return (
    <Page
      title="Status"
      about={
        one && (
          <>
            Seen <Time at={one.checked_at} as="ago" />, again every 5 seconds
          </>
        )
      }
    >
      {status.error && (
        <ErrorState
          error={status.error}
          what="The status could not be read again"
          retry={() => void status.refetch()}
        />
      )}
      <Verdict one={one} />
      <Figures>
        <Figure name="Posted up to" loading={!one} note="usage is in the ledger until then">
          <Time at={one?.fresh_at} as="ago" none="nothing yet" />
        </Figure>
        <Figure name="Open dead letters" loading={!one} note="events that could not be posted">
          <Count value={one?.dead_letters_open} />
        </Figure>
        <Figure name="Leases" loading={!one} note="of balances and budgets, open now">
          <Count value={one?.leases_open} />
        </Figure>
        <Figure name="Held by leases" loading={!one} note="not yet spent or given back">
          <Money value={one?.leases_held} />
        </Figure>
      </Figures>
      <Panel title="Gateways" flush>
        <DataTable
          label="gateways"
          columns={GATEWAYS}
          rows={one?.gateways}
          rowId={(row) => row.id}
          empty={<EmptyState title="No gateway has reported yet" />}
          skeletonRows={2}
        />
      </Panel>
      <Panel title="Where usage comes from" flush>
        <DataTable
          label="sources"
          columns={SOURCES}
          rows={one?.sources}
          rowId={(row) => row.identity}
          empty={
            <EmptyState title="No usage has come yet">The first call makes the first source.</EmptyState>
          }
          skeletonRows={4}
        />
      </Panel>
      <Columns>
        <Panel title="Database">
          <Facts>
            <Fact name="PostgreSQL">{one?.database.version ?? <Bone width={60} />}</Fact>
            <Fact name="Migration">{one?.database.migration ?? <Bone width={160} />}</Fact>
            <Fact name="Size">{formatBytes(one?.database.size_bytes)}</Fact>
            <Fact name="Snapshot">
              {one ? (
                <>
                  version <Count value={one.snapshot.version} />,{' '}
                  <Time at={one.snapshot.changed_at} as="ago" />
                </>
              ) : (
                <Bone width={120} />
              )}
            </Fact>
          </Facts>
        </Panel>
        <Panel title="Control plane">
          <Facts>
            <Fact name="Version">{one?.control.version ?? <Bone width={60} />}</Fact>
            <Fact name="Started">
              <Time at={one?.control.started_at} as="ago" />
            </Fact>
            <Fact name="Threads">
              <Count value={one?.control.threads} />
            </Fact>
            <Fact name="Calls waiting">
              <Count value={one?.control.waiting} />
            </Fact>
          </Facts>
        </Panel>
      </Columns>
    </Page>
  );
}

function Verdict({ one }: { one: Whole | undefined }) {
  if (!one) return <Bone height={38} />;
  if (one.ok) {
    return (
      <p className={classes.allWell} role="status">
        <Icon name="check" size={14} />
        Everything runs as it should.
      </p>
    );
  }
  return (
    <ul className={classes.problems} role="alert">
      {one.problems.map((problem) => (
        <li key={problem}>
          <Icon name="alert" size={14} />
          {problem}
        </li>
      ))}
    </ul>
  );
}
