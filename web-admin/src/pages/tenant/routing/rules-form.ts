/* rules-form: a tenant's routing rules as a form has them, and what of them has changed. Pure. */
import type { Schemas } from '../../../api/client';

type Routing = Schemas['Routing'];

export interface RulesForm {
  preset: string | null;
  strategy: Schemas['Strategy'] | null;
  continueOnFailure: boolean;
  hedge: boolean;
  zdr: boolean;
  /** Training on prompts is denied. */
  deny: boolean;
  regions: string;
}

export const STRATEGIES: { value: Schemas['Strategy']; label: string }[] = [
  { value: 'default', label: 'Default: cheap ones more often' },
  { value: 'price', label: 'Price: the cheapest first' },
  { value: 'latency', label: 'Latency: the first word soonest' },
  { value: 'throughput', label: 'Throughput: most tokens a second' },
  { value: 'balanced', label: 'Balanced: price, latency and success' },
  { value: 'least-busy', label: 'Least busy: fewest calls under way' },
  { value: 'usage', label: 'Usage: fewest tokens of the last minute' },
  { value: 'weighted', label: 'Weighted: by the catalog’s weights' },
  { value: 'priority', label: 'Priority: in the catalog’s order' },
];

export function rulesOf(routing: Routing): RulesForm {
  return {
    preset: routing.preset,
    strategy: routing.strategy,
    continueOnFailure: routing.continue_on_failure,
    hedge: routing.hedge,
    zdr: routing.zdr,
    deny: routing.data_collection === 'deny',
    regions: routing.regions?.join(', ') ?? '',
  };
}

function readRegions(typed: string): string[] | null {
  const regions = typed
    .split(',')
    .map((one) => one.trim().toLowerCase())
    .filter((one) => one !== '');
  return regions.length > 0 ? [...new Set(regions)] : null;
}

/** Null when nothing has changed. */
export function toRulesPatch(routing: Routing, form: RulesForm): Schemas['RoutingPatch'] | null {
  const wanted = {
    preset: form.preset,
    strategy: form.strategy,
    continue_on_failure: form.continueOnFailure,
    hedge: form.hedge,
    zdr: form.zdr,
    data_collection: form.deny ? ('deny' as const) : ('allow' as const),
    regions: readRegions(form.regions),
  };
  const changed = Object.entries(wanted).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(routing[name as keyof Routing] ?? null),
  );
  return changed.length > 0 ? Object.fromEntries(changed) : null;
}
