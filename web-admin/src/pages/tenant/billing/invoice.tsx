/* invoice: one invoice with its lines, each quantity times its price. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { API_BASE, api, csvHref, type Schemas, take } from '../../../api/client';
import { formatCount, formatDate, sentence } from '../../../lib/format';
import { formatUnitPrice } from '../../../lib/money';
import { Id, Money, Time } from '../../../parts/figures';
import { Icon } from '../../../parts/icon';
import { Bone, Columns, Fact, Facts, Page, Panel } from '../../../parts/page';
import { EmptyState, ErrorState } from '../../../parts/states';
import { Status } from '../../../parts/status';
import { DataTable, type Columns as TableColumns } from '../../../parts/table';
import { useTenantId } from '../../../session/tenant';
import { periodWords } from './invoices';

type Detail = Schemas['InvoiceDetail'];
type Line = Schemas['InvoiceLine'];

export function InvoicePage({ id }: { id: string }) {
  const tenant = useTenantId();
  const { data, error, refetch } = useQuery({
    queryKey: ['invoice', tenant, id],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/invoices/{invoice}', {
          params: { path: { tenant, invoice: id } },
          signal,
        }),
      ),
  });
  const path = `/tenants/${tenant}/invoices/${id}`;
  return (
    <Page
      title={data ? (data.number ?? `Draft of period ${data.period_no}`) : 'Invoice'}
      about={<Link href={`/t/${tenant}/billing/invoices`}>All invoices</Link>}
      actions={
        data && (
          <>
            <Button component="a" href={csvHref(path)} download variant="default" leftSection={<Download />}>
              CSV
            </Button>
            <Button
              component="a"
              href={`${API_BASE}${path}`}
              download={`${data.number ?? data.id}.json`}
              variant="default"
              leftSection={<Download />}
            >
              JSON
            </Button>
          </>
        )
      }
    >
      {error && !data ? (
        <Panel>
          <ErrorState error={error} what="The invoice could not be read" retry={() => void refetch()} />
        </Panel>
      ) : (
        <>
          <Columns>
            <Panel title="Invoice">{data ? <About invoice={data} /> : <Bone height={180} />}</Panel>
            <Panel title="Amounts">{data ? <Amounts invoice={data} /> : <Bone height={180} />}</Panel>
          </Columns>
          <Panel
            title="Lines"
            flush
            aside={data && <span>amounts are exact; cents add up to the subtotal</span>}
          >
            <Lines invoice={data} />
          </Panel>
        </>
      )}
    </Page>
  );
}

function Download() {
  return <Icon name="download" size={14} />;
}

function About({ invoice }: { invoice: Detail }) {
  return (
    <Facts>
      <Fact name="Status">
        <Status value={invoice.status} />
      </Fact>
      <Fact name="Period (UTC)">{periodWords(invoice)}</Fact>
      <Fact name="Kind">{sentence(invoice.kind)}</Fact>
      <Fact name="Finalized">
        <Time at={invoice.finalized_at} none="Not yet: it still changes" />
      </Fact>
      <Fact name="Due">{formatDate(invoice.due_at, 'utc')}</Fact>
      <Fact name="Id">
        <Id value={invoice.id} label="invoice id" />
      </Fact>
    </Facts>
  );
}

function Amounts({ invoice }: { invoice: Detail }) {
  const { currency } = invoice;
  return (
    <Facts>
      <Fact name="Usage, exact">
        <Money value={invoice.usage} as="exact" currency={currency} />
      </Fact>
      <Fact name="Subtotal">
        <Money value={invoice.subtotal} as="exact" currency={currency} />
      </Fact>
      <Fact name="Tax">
        <Money value={invoice.tax} as="exact" currency={currency} />
      </Fact>
      <Fact name="Paid by credit and prepayment">
        <Money value={invoice.credits} as="exact" currency={currency} />
      </Fact>
      <Fact name="Total to pay">
        <strong>
          <Money value={invoice.total} as="exact" currency={currency} />
        </strong>
      </Fact>
      <Fact name="Paid">
        <Money value={invoice.paid} as="exact" currency={currency} />
      </Fact>
    </Facts>
  );
}

/** "120,000": quantities can be larger than a float counts. */
function quantityWords(quantity: string | null): string {
  if (quantity === null) return '–';
  return /^\d{1,15}$/.test(quantity) ? formatCount(Number(quantity)) : quantity;
}

function Lines({ invoice }: { invoice: Detail | undefined }) {
  const tenant = useTenantId();
  const columns: TableColumns<Line> = [
    { header: '#', accessorKey: 'line_no', meta: { align: 'right', width: 16, wideOnly: true } },
    { header: 'What', accessorKey: 'description', meta: { width: 200 } },
    {
      header: 'Key',
      accessorKey: 'key',
      meta: { wideOnly: true },
      cell: ({ row }) =>
        row.original.key ? (
          <Link href={`/t/${tenant}/keys?open=${row.original.key}`}>
            <code>…{row.original.key.slice(-6)}</code>
          </Link>
        ) : (
          '–'
        ),
    },
    {
      header: 'Quantity',
      accessorKey: 'quantity',
      meta: { align: 'right', wideOnly: true },
      cell: ({ row }) => quantityWords(row.original.quantity),
    },
    {
      header: '× Price',
      accessorKey: 'per_million',
      meta: { align: 'right', wideOnly: true },
      cell: ({ row }) => (row.original.per_million ? formatUnitPrice(row.original.per_million) : '–'),
    },
    {
      header: '= Amount',
      accessorKey: 'amount',
      meta: { align: 'right' },
      cell: ({ row }) => <Money value={row.original.amount} as="exact" />,
    },
    {
      header: 'Cents',
      accessorKey: 'cents',
      meta: { align: 'right' },
      cell: ({ row }) => <Money value={row.original.cents} as="exact" />,
    },
  ];
  return (
    <DataTable
      label="lines"
      columns={columns}
      rows={invoice?.lines}
      rowId={(line) => String(line.line_no)}
      empty={
        <EmptyState title="There are no lines">
          {invoice?.status === 'draft'
            ? 'A draft gets its lines when its period is closed.'
            : 'Nothing was used in this period.'}
        </EmptyState>
      }
    />
  );
}
