/* cost: how the amount of a request came about: each meter times its price, the plan, and what came of it. */
import type { Schemas } from '../../../api/client';
import { sentence } from '../../../lib/format';
import { formatUnitPrice, isZero } from '../../../lib/money';
import { Count, Id, Money } from '../../../parts/figures';
import classes from './requests.module.css';

type Detail = Schemas['RequestDetail'];

export function Cost({ request }: { request: Detail }) {
  if (request.lines.length === 0) {
    return <p className={classes.say}>Nothing was metered, so there is nothing to charge.</p>;
  }
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard. */}
      <section className={classes.scroll} tabIndex={0} aria-label="Cost lines">
        <table className={classes.cost}>
          <thead>
            <tr>
              <th scope="col">Meter</th>
              <th scope="col">Quantity</th>
              <th scope="col">× Price</th>
              <th scope="col">= Amount</th>
            </tr>
          </thead>
          <tbody>
            {request.lines.map((line) => (
              <tr key={`${line.meter}:${line.priced_as}:${line.per_million}`}>
                <th scope="row">
                  {sentence(line.meter)}
                  {line.priced_as !== line.meter && (
                    <small> at the price of {sentence(line.priced_as)}</small>
                  )}
                </th>
                <td>
                  <Count value={line.quantity} />
                </td>
                <td>{formatUnitPrice(line.per_million)}</td>
                <td>
                  <Money value={line.amount} as="exact" />
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <Sum name="Base" value={request.base} />
            {!isZero(request.discount) && (
              <Sum name={`− Discount ${request.discount_percent ?? ''} %`} value={request.discount} />
            )}
            <Sum name={`+ Markup ${request.markup_percent ?? '0'} %`} value={request.markup} />
            {!isZero(request.fixed) && <Sum name="+ Fixed" value={request.fixed} />}
            {!isZero(request.overrun) && (
              <Sum name="Not charged: above the reservation" value={request.overrun} />
            )}
            <Sum name="Charged" value={request.charge} strong />
          </tfoot>
        </table>
      </section>
      <p className={classes.versions}>
        <span>
          Price version <Id value={request.price_version} label="price version" />
        </span>
        <span>
          Plan {request.plan ?? '–'} <Id value={request.plan_version} label="plan version" />
        </span>
        {request.context_tier > 0 && (
          <span>
            Prices above <Count value={request.context_tier} /> tokens of context
          </span>
        )}
        <span>Mode {request.mode}</span>
      </p>
    </>
  );
}

function Sum({ name, value, strong = false }: { name: string; value: string; strong?: boolean }) {
  return (
    <tr className={strong ? classes.strong : undefined}>
      <th scope="row" colSpan={3}>
        {name}
      </th>
      <td>
        <Money value={value} as="exact" />
      </td>
    </tr>
  );
}
