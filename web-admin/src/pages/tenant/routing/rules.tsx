/* rules: what holds for all requests of a tenant. */
import { Button, Select, Switch, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ifMatch, type Schemas, take } from '../../../api/client';
import { useSubmit } from '../../../parts/form';
import form from '../../../parts/form.module.css';
import { notify } from '../../../parts/notify';
import { Bone, Panel } from '../../../parts/page';
import { ErrorState, FormError } from '../../../parts/states';
import { useMay } from '../../../session/session';
import { useTenantId } from '../../../session/tenant';
import classes from './routing.module.css';
import { type RulesForm, rulesOf, STRATEGIES, toRulesPatch } from './rules-form';

export function Rules() {
  const tenant = useTenantId();
  const { data, error, refetch } = useQuery({
    queryKey: ['routing', tenant],
    queryFn: ({ signal }) =>
      take(api.GET('/tenants/{tenant}/routing', { params: { path: { tenant } }, signal })),
  });
  return (
    <Panel title="For all requests">
      {error && !data ? (
        <ErrorState error={error} what="The rules could not be read" retry={() => void refetch()} />
      ) : data ? (
        <RulesBody key={data.etag} routing={data} />
      ) : (
        <Bone height={460} />
      )}
    </Panel>
  );
}

function usePresetNames(): string[] {
  const tenant = useTenantId();
  const { data } = useQuery({
    queryKey: ['presets', tenant, 'names'],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/presets', {
          params: { path: { tenant }, query: { limit: 200 } },
          signal,
        }),
      ),
  });
  return data?.data.map((preset) => preset.name) ?? [];
}

function RulesBody({ routing }: { routing: Schemas['Routing'] }) {
  const tenant = useTenantId();
  const steer = useMay('steer');
  const client = useQueryClient();
  const names = usePresetNames();
  const [rules, setRules] = useState<RulesForm>(() => rulesOf(routing));
  const patch = toRulesPatch(routing, rules);
  const submit = useSubmit(async (body: Schemas['RoutingPatch']) => {
    await take(
      api.PATCH('/tenants/{tenant}/routing', {
        params: { path: { tenant }, header: ifMatch(routing.etag) },
        body,
      }),
    );
    notify('The rules are changed');
    await Promise.all([
      client.invalidateQueries({ queryKey: ['routing', tenant] }),
      client.invalidateQueries({ queryKey: ['presets', tenant] }),
    ]);
  });
  const change = (some: Partial<RulesForm>) => setRules((before) => ({ ...before, ...some }));
  const presets = routing.preset && !names.includes(routing.preset) ? [routing.preset, ...names] : names;
  return (
    <form
      className={classes.rules}
      onSubmit={(event) => {
        event.preventDefault();
        if (patch && !submit.pending) void submit.run(patch);
      }}
      noValidate
    >
      <FormError error={submit.error} />
      <div className={form.pair}>
        <Select
          label="Preset"
          description="Of requests that name none, and whose key and project have none."
          placeholder="None"
          data={presets}
          value={rules.preset}
          onChange={(preset) => change({ preset })}
          error={submit.fieldError('preset')}
          clearable
          searchable
          disabled={!steer}
        />
        <Select
          label="Strategy"
          description="In which order a model’s providers are tried."
          data={STRATEGIES}
          value={rules.strategy ?? 'default'}
          onChange={(strategy) =>
            change({ strategy: strategy === 'default' ? null : (strategy as RulesForm['strategy']) })
          }
          error={submit.fieldError('strategy')}
          disabled={!steer}
        />
      </div>
      <Switch
        label="Go on after a failure in the middle of an answer"
        description="A stream that breaks is continued at another provider, with the text so far. It is one charge."
        checked={rules.continueOnFailure}
        onChange={(event) => change({ continueOnFailure: event.currentTarget.checked })}
        disabled={!steer}
      />
      <Switch
        label="Hedge"
        description="When the first word is late, a second provider is asked beside the first; the one that answers first is taken."
        checked={rules.hedge}
        onChange={(event) => change({ hedge: event.currentTarget.checked })}
        disabled={!steer}
      />
      <Switch
        label="Only providers that keep nothing"
        description="Zero data retention, as far as it is known; who is not known to comply is left out."
        checked={rules.zdr}
        onChange={(event) => change({ zdr: event.currentTarget.checked })}
        disabled={!steer}
      />
      <Switch
        label="Only providers that do not train on prompts"
        description="Who is not known to comply is left out."
        checked={rules.deny}
        onChange={(event) => change({ deny: event.currentTarget.checked })}
        disabled={!steer}
      />
      <TextInput
        label="Regions"
        description="Separated by commas; “eu” is “eu-west-1” too. Empty: anywhere."
        value={rules.regions}
        onChange={(event) => change({ regions: event.currentTarget.value })}
        error={submit.fieldError('regions')}
        autoComplete="off"
        autoCapitalize="off"
        disabled={!steer}
      />
      {steer && (
        <div className={classes.row}>
          <Button type="submit" disabled={!patch} loading={submit.pending}>
            Save
          </Button>
          <Button variant="default" disabled={!patch} onClick={() => setRules(rulesOf(routing))}>
            Discard changes
          </Button>
        </div>
      )}
    </form>
  );
}
