/* default-of: whose requests go by a preset when they name none. */
import { Fragment } from 'react';
import { Link } from 'wouter';
import { useTenantId } from '../../../session/tenant';

/** By the ids that the API gives: the tenant itself, projects, keys. */
export function DefaultOf({ ids, links = false }: { ids: readonly string[]; links?: boolean }) {
  const tenant = useTenantId();
  if (ids.length === 0) return <>–</>;
  return ids.map((id, at) => (
    <Fragment key={id}>
      {at > 0 && ', '}
      <Subject id={id} base={links ? `/t/${tenant}` : null} />
    </Fragment>
  ));
}

function Subject({ id, base }: { id: string; base: string | null }) {
  if (id.startsWith('ten_')) return <>all requests</>;
  const key = id.startsWith('key_');
  const name = `${key ? 'key' : 'project'} …${id.slice(-6)}`;
  if (base === null) return <span title={id}>{name}</span>;
  return <Link href={`${base}/${key ? 'keys' : 'projects'}?open=${id}`}>{name}</Link>;
}
