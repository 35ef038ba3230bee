/* request-sheet: one request: what was asked and served, where it went, what it cost and why. */
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api, type Schemas, take } from '../../../api/client';
import { formatCount, formatMs } from '../../../lib/format';
import { isZero } from '../../../lib/money';
import { CopyButton } from '../../../parts/copy';
import { Duration, Id, Money, Time } from '../../../parts/figures';
import { Bone, Fact, Facts } from '../../../parts/page';
import { Sheet, SheetSection } from '../../../parts/sheet';
import { ErrorState } from '../../../parts/states';
import { Status } from '../../../parts/status';
import { useTenantId } from '../../../session/tenant';
import { curlLine } from '../overview/curl-line';
import { Cost } from './cost';
import { OUTCOME_MEANS } from './filters';
import classes from './requests.module.css';
import { barsOf, spanMs } from './waterfall';

type Detail = Schemas['RequestDetail'];

export function RequestSheet({ id, onClose }: { id: string | null; onClose: () => void }) {
  const tenant = useTenantId();
  const { data, error, refetch } = useQuery({
    queryKey: ['request', tenant, id],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/requests/{request}', {
          params: { path: { tenant, request: id ?? '' } },
          signal,
        }),
      ),
    enabled: id !== null,
  });
  return (
    <Sheet
      wide
      opened={id !== null}
      onClose={onClose}
      title={data?.model_asked ?? 'Request'}
      about={
        data && (
          <>
            <Status value={data.outcome} />
            {data.test && <Status value="test" />}
            <Time at={data.time} />
            <Id value={data.id} label="request id" />
          </>
        )
      }
      actions={
        data && (
          <CopyButton
            what="as curl"
            value={curlLine(window.location.origin, 'KEY', data.model_asked, 'Your prompt here.')}
          />
        )
      }
    >
      {error && !data ? (
        <ErrorState error={error} what="The request could not be read" retry={() => void refetch()} />
      ) : data ? (
        <Body request={data} />
      ) : (
        <Bone height={480} />
      )}
    </Sheet>
  );
}

function Body({ request }: { request: Detail }) {
  return (
    <>
      <p className={classes.say}>
        {OUTCOME_MEANS[request.outcome]}
        {request.error && (
          <>
            {' '}
            The client was told <code>{request.error}</code>.
          </>
        )}
      </p>
      <dl className={classes.key}>
        <div>
          <dt>Charged</dt>
          <dd>
            <Money value={request.charge} />
          </dd>
        </div>
        <div>
          <dt>First token</dt>
          <dd>
            <Duration ms={request.first_token_ms} />
          </dd>
        </div>
        <div>
          <dt>Whole</dt>
          <dd>
            <Duration ms={request.total_ms} />
          </dd>
        </div>
        <div>
          <dt>Our share</dt>
          <dd>{request.overhead_us === null ? '–' : `${formatCount(request.overhead_us)} µs`}</dd>
        </div>
      </dl>
      <SheetSection
        title="Attempts"
        aside={<span>{formatMs(spanMs(request.attempt_list, request.total_ms))}</span>}
      >
        <Waterfall request={request} />
      </SheetSection>
      <SheetSection title="What it cost, and why">
        <Cost request={request} />
      </SheetSection>
      <SheetSection title="Details">
        <Details request={request} />
      </SheetSection>
      {request.usage_verbatim && (
        <SheetSection title="Usage as the provider told it">
          <pre className={classes.verbatim}>{request.usage_verbatim}</pre>
        </SheetSection>
      )}
    </>
  );
}

function Waterfall({ request }: { request: Detail }) {
  if (request.attempt_list.length === 0) {
    return <p className={classes.say}>No provider was asked.</p>;
  }
  return (
    <ol className={classes.waterfall}>
      {barsOf(request.attempt_list, request.total_ms).map(({ attempt, left, width }) => (
        <li key={attempt.number}>
          <div className={classes.attempt}>
            <strong>{attempt.provider ?? 'unknown'}</strong>
            {attempt.model && <code>{attempt.model}</code>}
            <Status
              value={attempt.delivered ? 'ok' : 'failed'}
              label={[attempt.status, attempt.delivered ? 'delivered' : (attempt.reason ?? 'not delivered')]
                .filter((word) => word !== null)
                .join(' · ')}
            />
            <span className={classes.took}>
              {attempt.started_ms !== null &&
                attempt.started_ms > 0 &&
                `after ${formatMs(attempt.started_ms)}, `}
              <Duration ms={attempt.ms} />
            </span>
          </div>
          <div className={classes.lane} aria-hidden="true">
            {left !== null && (
              <span
                data-delivered={attempt.delivered || undefined}
                style={{ left: `${left}%`, width: `${width}%` }}
              />
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}

function Details({ request }: { request: Detail }) {
  const tenant = useTenantId();
  return (
    <Facts>
      <Fact name="Model asked">
        <code>{request.model_asked}</code>
      </Fact>
      <Fact name="Model served">
        <code>{request.model}</code>
      </Fact>
      <Fact name="Provider">{request.provider ?? '–'}</Fact>
      <Fact name="Key">
        <Link href={`/t/${tenant}/keys?open=${request.key}`}>{request.key_name ?? request.key}</Link>
      </Fact>
      <Fact name="Tokens">
        {formatCount(request.input_tokens)} in, {formatCount(request.cache_read_tokens)} cached,{' '}
        {formatCount(request.output_tokens)} out
        {request.reasoning_tokens > 0 && `, ${formatCount(request.reasoning_tokens)} of them reasoning`}
      </Fact>
      <Fact name="Counted by">{request.usage_from}</Fact>
      {!isZero(request.told) && (
        <Fact name="Told to the client">
          <Money value={request.told} as="exact" />
        </Fact>
      )}
      {request.cost !== null && (
        <Fact name="Our cost">
          <Money value={request.cost} as="exact" />
        </Fact>
      )}
      <Fact name="Client’s request id">{request.client_request_id ?? '–'}</Fact>
      <Fact name="Provider’s request id">{request.provider_request_id ?? '–'}</Fact>
      {request.session_id && <Fact name="Session">{request.session_id}</Fact>}
      {request.end_user && <Fact name="End user">{request.end_user}</Fact>}
      {request.app && <Fact name="App">{request.app}</Fact>}
      {request.tags && Object.keys(request.tags).length > 0 && (
        <Fact name="Tags">
          {Object.entries(request.tags)
            .map(([name, value]) => `${name}: ${String(value)}`)
            .join(', ')}
        </Fact>
      )}
      <Fact name="Posted">
        <Time at={request.posted_at} /> as <Id value={request.transaction} label="transaction" />
      </Fact>
    </Facts>
  );
}
