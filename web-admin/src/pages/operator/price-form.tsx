/*
 * price-form: a deployment's price from a time on: the rates of today are the draft, the server says what would
 * change, then it is published. What is past is never edited.
 */
import { Button, Drawer, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type Schemas, take } from '../../api/client';
import { formatTime } from '../../lib/format';
import { formatUnitPrice } from '../../lib/money';
import { useSubmit } from '../../parts/form';
import formClasses from '../../parts/form.module.css';
import { Icon } from '../../parts/icon';
import { notify } from '../../parts/notify';
import { Bone } from '../../parts/page';
import { ErrorState, FormError } from '../../parts/states';
import { rateLabel } from './model';
import classes from './operator.module.css';

const METERS = [
  'input',
  'output',
  'reasoning',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
  'input_audio',
  'output_audio',
  'input_image',
  'output_image',
  'image',
  'request',
  'web_search',
  'second',
  'character',
] as const satisfies readonly Schemas['Meter'][];
const PRICE = /^\d{1,9}(\.\d{1,6})?$/;

type Book = Schemas['Price']['book'];

interface PriceFormProps {
  offer: Pick<Schemas['Offer'], 'deployment' | 'provider'>;
  model: string;
  /** Which price is meant at first. */
  book?: Book;
  onClose: () => void;
}

const BOOKS = [
  { value: 'list', label: 'What tenants pay' },
  { value: 'cost', label: 'What it costs us' },
];

/** Midnight UTC to come. */
function tomorrow(): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1)).toISOString();
}

export default function PriceForm({ offer, model, book: first = 'list', onClose }: PriceFormProps) {
  const [book, setBook] = useState<Book>(first);
  const query = { deployment: offer.deployment, book, limit: 20 };
  const prices = useQuery({
    queryKey: ['prices', query],
    queryFn: ({ signal }) => take(api.GET('/prices', { params: { query }, signal })),
    gcTime: 0,
  });
  const now = prices.data?.data.find((price) => price.state === 'current' && price.tenant === null);
  const planned =
    prices.data?.data.filter((price) => price.state === 'future' && price.tenant === null) ?? [];
  return (
    <Drawer
      opened
      onClose={onClose}
      title={`Price of ${model} at ${offer.provider}`}
      size={480}
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ body: formClasses.drawerBody, content: formClasses.drawerContent }}
    >
      <div className={classes.book}>
        <SegmentedControl
          aria-label="Which price"
          data={BOOKS}
          value={book}
          onChange={(value) => setBook(value as Book)}
        />
        <p className={classes.note}>
          {book === 'list'
            ? 'The list price: the plan’s markup is put on it.'
            : 'What the provider takes: our cost, which tenants never see.'}
        </p>
      </div>
      {prices.error && <ErrorState error={prices.error} what="The price of today could not be read" />}
      {!prices.data && !prices.error && <Bone height={240} />}
      {prices.data && (
        <Draft key={book} book={book} offer={offer} now={now} planned={planned} onClose={onClose} />
      )}
    </Drawer>
  );
}

interface DraftProps {
  book: Book;
  offer: PriceFormProps['offer'];
  now: Schemas['Price'] | undefined;
  planned: readonly Schemas['Price'][];
  onClose: () => void;
}

function Draft({ book, offer, now, planned, onClose }: DraftProps) {
  const client = useQueryClient();
  const [rates, setRates] = useState<Schemas['Rate'][]>(
    now?.rates ?? [
      { meter: 'input', mode: 'standard', context_over: 0, per_million: '' },
      { meter: 'output', mode: 'standard', context_over: 0, per_million: '' },
    ],
  );
  const [from, setFrom] = useState(tomorrow());
  const [reason, setReason] = useState('');
  const [diff, setDiff] = useState<Schemas['PriceMade'] | null>(null);
  const change = (next: Schemas['Rate'][]) => {
    setRates(next);
    setDiff(null);
  };
  const body: Schemas['PriceNew'] = {
    deployment: offer.deployment,
    book,
    effective_from: from,
    rates,
    ...(reason.trim() ? { reason: reason.trim() } : {}),
  };
  const submit = useSubmit(async (wanted: Schemas['PriceNew'], key) => {
    const made = await take(
      api.POST('/prices', { params: { header: { 'Idempotency-Key': key } }, body: wanted }),
    );
    if (made.dry_run) {
      setDiff(made);
      return;
    }
    await Promise.all(
      [['prices'], ['model'], ['models']].map((queryKey) => client.invalidateQueries({ queryKey })),
    );
    notify(`The price holds from ${formatTime(made.price?.effective_from)} on.`);
    onClose();
  });
  const wrong = rates.find((rate) => !PRICE.test(rate.per_million));
  return (
    <form
      className={formClasses.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!wrong && !submit.pending) void submit.run(diff ? body : { ...body, dry_run: true });
      }}
    >
      <div className={formClasses.fields}>
        <FormError error={submit.error} />
        {planned.length > 0 && (
          <p className={classes.note}>
            Planned already: {planned.map((price) => `from ${formatTime(price.effective_from)}`).join(', ')}.
          </p>
        )}
        <RateRows rates={rates} onChange={change} errorOf={submit.fieldError} />
        <FromField value={from} onChange={setFrom} error={submit.fieldError('effective_from')} />
        <TextInput
          label="Why"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={500}
          error={submit.fieldError('reason')}
        />
        {diff && <Diff made={diff} from={from} />}
      </div>
      <div className={formClasses.foot}>
        <Button type="submit" size="sm" loading={submit.pending} disabled={wrong !== undefined}>
          {diff ? 'Publish' : 'Review'}
        </Button>
        <Button variant="default" size="sm" onClick={onClose}>
          Cancel
        </Button>
        {wrong && (
          <span className={formClasses.blocked}>A price is a number like 1.25, with at most 6 decimals</span>
        )}
      </div>
    </form>
  );
}

interface RateRowsProps {
  rates: Schemas['Rate'][];
  onChange: (rates: Schemas['Rate'][]) => void;
  errorOf: (field: string) => string | undefined;
}

function RateRows({ rates, onChange, errorOf }: RateRowsProps) {
  const [adding, setAdding] = useState<string | null>(null);
  const free = METERS.filter(
    (meter) =>
      !rates.some((rate) => rate.meter === meter && rate.mode === 'standard' && rate.context_over === 0),
  );
  return (
    <div className={classes.rateRows}>
      <p className={classes.note}>
        USD per million units. A meter without a price of its own is charged like its nearest: reasoning as
        output, the cache as input.
      </p>
      {rates.map((rate, at) => (
        <TextInput
          key={`${rate.meter} ${rate.mode} ${rate.context_over}`}
          label={rateLabel(rate)}
          value={rate.per_million}
          leftSection="$"
          rightSectionWidth={64}
          rightSection="/ 1M"
          inputMode="decimal"
          autoComplete="off"
          error={errorOf(`rates[${at}].per_million`)}
          onChange={(event) =>
            onChange(rates.with(at, { ...rate, per_million: event.currentTarget.value.trim() }))
          }
        />
      ))}
      {errorOf('rates') && <FormError error={new Error(errorOf('rates'))} />}
      <div className={classes.rateRow}>
        <Select
          aria-label="Another meter"
          placeholder="Another meter"
          data={free.map((meter) => ({ value: meter, label: meter.replaceAll('_', ' ') }))}
          value={adding}
          onChange={setAdding}
          clearable
          clearButtonProps={{ 'aria-label': 'No other meter' }}
        />
        <Button
          variant="default"
          size="sm"
          disabled={adding === null}
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => {
            if (adding === null) return;
            onChange([
              ...rates,
              { meter: adding as Schemas['Meter'], mode: 'standard', context_over: 0, per_million: '' },
            ]);
            setAdding(null);
          }}
        >
          Add
        </Button>
      </div>
    </div>
  );
}

interface FromFieldProps {
  value: string;
  onChange: (iso: string) => void;
  error: string | undefined;
}

/** In UTC, where days and periods are cut. */
function FromField({ value, onChange, error }: FromFieldProps) {
  return (
    <TextInput
      type="datetime-local"
      label="Holds from (UTC)"
      description="At least ten minutes ahead, so that every gateway knows it in time."
      value={value.slice(0, 16)}
      error={error}
      onChange={(event) => {
        const at = new Date(`${event.currentTarget.value}:00.000Z`);
        if (!Number.isNaN(at.getTime())) onChange(at.toISOString());
      }}
    />
  );
}

function Diff({ made, from }: { made: Schemas['PriceMade']; from: string }) {
  if (made.changes.length === 0) return <p className={classes.note}>Nothing would change.</p>;
  return (
    <table className={classes.diff}>
      <caption className={classes.note}>What changes on {formatTime(from)} (your time)</caption>
      <thead>
        <tr>
          <th scope="col">Meter</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {made.changes.map((change) => (
          <tr key={`${change.meter} ${change.mode} ${change.context_over}`}>
            <th scope="row">{rateLabel(change)}</th>
            <td>{change.before === null ? '–' : formatUnitPrice(change.before)}</td>
            <td>{change.after === null ? '–' : formatUnitPrice(change.after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
