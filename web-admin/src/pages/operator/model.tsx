/* model: one model, its offers with their prices, and what an operator does with them. */
import { Button, Menu, Textarea } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { api, ifMatch, type Schemas, take } from '../../api/client';
import { formatUnitPrice } from '../../lib/money';
import { Count, Id } from '../../parts/figures';
import { Confirm, useSubmit } from '../../parts/form';
import { Icon } from '../../parts/icon';
import { notify } from '../../parts/notify';
import { Bone, Fact, Facts, Page, Panel } from '../../parts/page';
import { EmptyState, ErrorState } from '../../parts/states';
import { Status } from '../../parts/status';
import classes from './operator.module.css';
import PriceForm from './price-form';

type Offer = Schemas['Offer'];
type Catalogued = Schemas['Model']['status'];

/** What is asked for: another status of the model, or of one of its deployments. */
interface Wish {
  to: Catalogued;
  offer: Offer | null;
}

export default function Model({ id }: { id: string }) {
  const [pricing, setPricing] = useState<Offer | null>(null);
  const [wish, setWish] = useState<Wish | null>(null);
  const model = useQuery({
    queryKey: ['model', id],
    queryFn: ({ signal }) => take(api.GET('/models/{model}', { params: { path: { model: id } }, signal })),
  });
  const one = model.data;
  if (model.error && !one) {
    return (
      <Page title={id}>
        <ErrorState
          error={model.error}
          what="The model could not be read"
          retry={() => void model.refetch()}
        />
      </Page>
    );
  }
  return (
    <Page
      title={id}
      about={one?.name ?? <Bone width={160} />}
      actions={
        one && <StatusMenu status={one.status} what="model" onPick={(to) => setWish({ to, offer: null })} />
      }
    >
      <Panel title="About">
        <Facts>
          <Fact name="Status">
            {one ? <Status value={one.status} /> : <Bone width={80} />} {one?.status_reason}
          </Fact>
          <Fact name="Kind">{one?.kind ?? '–'}</Fact>
          <Fact name="Other names">{one?.aliases.join(', ') || '–'}</Fact>
          <Fact name="Context">
            <Count value={one?.context_limit} /> tokens
          </Fact>
          <Fact name="Released">{one?.release_date ?? '–'}</Fact>
        </Facts>
      </Panel>
      <Panel title="Offers" aside="USD per million units, before the plan’s markup">
        {one ? <Offers offers={one.offers} onPrice={setPricing} onStatus={setWish} /> : <Bone height={180} />}
      </Panel>
      {pricing && <PriceForm offer={pricing} model={id} onClose={() => setPricing(null)} />}
      {wish && one && <SetStatus model={one} wish={wish} onClose={() => setWish(null)} />}
    </Page>
  );
}

interface OffersProps {
  offers: readonly Offer[];
  onPrice: (offer: Offer) => void;
  onStatus: (wish: Wish) => void;
}

function Offers({ offers, onPrice, onStatus }: OffersProps) {
  if (offers.length === 0)
    return <EmptyState title="Nobody offers this model">Import a catalog that does.</EmptyState>;
  return (
    <ul className={classes.offers}>
      {offers.map((offer) => (
        <li key={offer.deployment}>
          <div className={classes.offerHead}>
            <h3>
              {offer.provider}
              {offer.region && <small>{offer.region}</small>}
              {offer.quantization && <small>{offer.quantization}</small>}
            </h3>
            <Status value={offer.status} />
            <Id value={offer.deployment} label="deployment id" />
            <span className={classes.push} />
            <Button
              variant="default"
              onClick={() => onPrice(offer)}
              aria-label={`Change the price at ${offer.provider}`}
            >
              Change price
            </Button>
            <StatusMenu
              status={offer.status}
              what={offer.provider}
              onPick={(to) => onStatus({ to, offer })}
            />
          </div>
          {offer.status_reason && <p className={classes.reason}>{offer.status_reason}</p>}
          <Rates rates={offer.rates} />
        </li>
      ))}
    </ul>
  );
}

export function Rates({ rates }: { rates: readonly Schemas['Rate'][] }) {
  if (rates.length === 0) return <p className={classes.reason}>It has no price yet, so it cannot be sold.</p>;
  return (
    <dl className={classes.rates}>
      {rates.map((rate) => (
        <div key={`${rate.meter} ${rate.mode} ${rate.context_over}`}>
          <dt>{rateLabel(rate)}</dt>
          <dd>{formatUnitPrice(rate.per_million)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** "input", "output, batch", "input above 200,000". */
export function rateLabel(rate: { meter: string; mode: string; context_over: number }): string {
  const mode = rate.mode === 'standard' ? '' : `, ${rate.mode}`;
  const above = rate.context_over > 0 ? ` above ${rate.context_over.toLocaleString('en-US')}` : '';
  return `${rate.meter.replaceAll('_', ' ')}${above}${mode}`;
}

const MOVES: { to: Catalogued; label: string; danger?: boolean }[] = [
  { to: 'published', label: 'Publish' },
  { to: 'quarantined', label: 'Quarantine' },
  { to: 'retired', label: 'Retire', danger: true },
];

function StatusMenu({
  status,
  what,
  onPick,
}: {
  status: Catalogued;
  what: string;
  onPick: (to: Catalogued) => void;
}) {
  return (
    <Menu position="bottom-end" width={160}>
      <Menu.Target>
        <Button
          variant="default"
          rightSection={<Icon name="down" size={12} />}
          aria-label={`Change the status of ${what}`}
        >
          Status
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {MOVES.filter(({ to }) => to !== status).map(({ to, label, danger }) => (
          <Menu.Item key={to} {...(danger ? { color: 'red' } : {})} onClick={() => onPick(to)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

const SAYS: Record<string, string> = {
  published: 'It can be called within a few seconds, where it has a price and a credential.',
  quarantined: 'It is not called any more until somebody publishes it again. Nothing is lost.',
  retired: 'It is taken out of service. Calls to it are answered 404.',
};

function SetStatus({
  model,
  wish,
  onClose,
}: {
  model: Schemas['ModelDetail'];
  wish: Wish;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const { offer, to } = wish;
  const name = offer ? `${model.id} at ${offer.provider}` : model.id;
  const submit = useSubmit(async (body: { status: Catalogued; status_reason: string | null }) => {
    if (offer) {
      const path = { deployment: offer.deployment };
      const { etag } = await take(api.GET('/deployments/{deployment}', { params: { path } }));
      await take(api.PATCH('/deployments/{deployment}', { params: { path, header: ifMatch(etag) }, body }));
    } else {
      const params = { path: { model: model.id }, header: ifMatch(model.etag) };
      await take(api.PATCH('/models/{model}', { params, body }));
    }
    await client.invalidateQueries({ queryKey: ['model', model.id] });
    await client.invalidateQueries({ queryKey: ['models'] });
    notify(`${name} is ${to}.`);
    onClose();
  });
  return (
    <Confirm
      opened
      onClose={onClose}
      title={`${MOVES.find((move) => move.to === to)?.label} ${name}?`}
      confirmLabel={MOVES.find((move) => move.to === to)?.label ?? 'Change'}
      {...(to === 'retired' ? { typed: name } : {})}
      onConfirm={() => void submit.run({ status: to, status_reason: reason.trim() || null })}
      pending={submit.pending}
      error={submit.error}
    >
      {SAYS[to]}
      <Textarea
        label="Why"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={500}
        mt="sm"
      />
    </Confirm>
  );
}

export function ModelLink({ id }: { id: string }) {
  return <Link href={`/catalog/models/${encodeURIComponent(id)}`}>{id}</Link>;
}
