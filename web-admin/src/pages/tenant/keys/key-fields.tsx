/* key-fields: the form of a key, for a new one and for changing one. */
import { MultiSelect, Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { api, take } from '../../../api/client';
import { AmountInput, type Submit } from '../../../parts/form';
import classes from '../../../parts/form.module.css';
import { useTenantId } from '../../../session/tenant';
import { type KeyForm, readLimit, SCOPES } from './key-form';

interface KeyFieldsProps {
  form: KeyForm;
  onChange: (patch: Partial<KeyForm>) => void;
  fieldError: Submit<unknown>['fieldError'];
  /** Kind and project are chosen once. */
  fresh: boolean;
}

const KINDS = [
  { value: 'live', label: 'Live: calls models and is charged' },
  { value: 'test', label: 'Test: reaches the sandbox only, charged nothing' },
  { value: 'mgmt', label: 'Management: for automation of this console’s API' },
];
const WINDOWS = [
  { value: 'total', label: 'in total' },
  { value: 'day', label: 'a day' },
  { value: 'week', label: 'a week' },
  { value: 'month', label: 'a month' },
];

export function KeyFields({ form, onChange, fieldError, fresh }: KeyFieldsProps) {
  return (
    <>
      <TextInput
        label="Name"
        description="Where it is used: “checkout, production”."
        value={form.name}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
        error={fieldError('name')}
        maxLength={200}
        required
        data-autofocus
        autoComplete="off"
      />
      {fresh && (
        <Select
          label="Kind"
          data={KINDS}
          value={form.kind}
          onChange={(kind) => onChange({ kind: (kind ?? 'live') as KeyForm['kind'] })}
          error={fieldError('kind')}
        />
      )}
      {fresh && <ProjectSelect form={form} onChange={onChange} error={fieldError('project')} />}
      {form.kind === 'mgmt' ? (
        <MultiSelect
          size="sm"
          label="Scopes"
          description="What it may read and change."
          data={[...SCOPES]}
          value={form.scopes}
          onChange={(scopes) => onChange({ scopes })}
          error={fieldError('scopes')}
          required
        />
      ) : (
        <Limits form={form} onChange={onChange} fieldError={fieldError} fresh={fresh} />
      )}
      <TextInput
        label="Expires"
        description="Empty: never."
        type="datetime-local"
        value={form.expires}
        onChange={(event) => onChange({ expires: event.currentTarget.value })}
        error={fieldError('expires_at')}
      />
    </>
  );
}

function Limits({ form, onChange, fieldError }: KeyFieldsProps) {
  const noNumber = (typed: string) =>
    readLimit(typed) === undefined ? 'A whole number from 1 on' : undefined;
  return (
    <>
      <div className={classes.pair}>
        <AmountInput
          label="Budget"
          placeholder="no limit"
          value={form.budget}
          onChange={(budget) => onChange({ budget })}
          error={fieldError('budget')}
        />
        <Select
          label="Counted"
          data={WINDOWS}
          value={form.window}
          onChange={(window) => onChange({ window: (window ?? 'month') as KeyForm['window'] })}
          error={fieldError('budget_window')}
        />
      </div>
      <ModelsSelect form={form} onChange={onChange} error={fieldError('models')} />
      <div className={classes.pair}>
        <TextInput
          label="Requests per minute"
          placeholder="no limit"
          inputMode="numeric"
          value={form.requestsPerMinute}
          onChange={(event) => onChange({ requestsPerMinute: event.currentTarget.value })}
          error={fieldError('requests_per_minute') ?? noNumber(form.requestsPerMinute)}
        />
        <TextInput
          label="Tokens per minute"
          placeholder="no limit"
          inputMode="numeric"
          value={form.tokensPerMinute}
          onChange={(event) => onChange({ tokensPerMinute: event.currentTarget.value })}
          error={fieldError('tokens_per_minute') ?? noNumber(form.tokensPerMinute)}
        />
      </div>
    </>
  );
}

interface PartProps {
  form: KeyForm;
  onChange: (patch: Partial<KeyForm>) => void;
  error: string | undefined;
}

function ProjectSelect({ form, onChange, error }: PartProps) {
  const tenant = useTenantId();
  const { data } = useQuery({
    queryKey: ['projects', tenant, 'choice'],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/projects', {
          params: { path: { tenant }, query: { status: 'active', limit: 200 } },
          signal,
        }),
      ),
  });
  const projects = data?.data ?? [];
  // One project is no choice.
  if (projects.length < 2) return null;
  return (
    <Select
      label="Project"
      placeholder="The first project"
      data={projects.map((project) => ({ value: project.id, label: project.name }))}
      value={form.project || null}
      onChange={(project) => onChange({ project: project ?? '' })}
      clearable
      searchable
      error={error}
    />
  );
}

function ModelsSelect({ form, onChange, error }: PartProps) {
  const [typed, setTyped] = useState('');
  const [q] = useDebouncedValue(typed.trim(), 200);
  const { data } = useQuery({
    queryKey: ['models', 'choice', q],
    queryFn: ({ signal }) =>
      take(api.GET('/models', { params: { query: { ...(q ? { q } : {}), limit: 50 } }, signal })),
    placeholderData: keepPreviousData,
  });
  const options = useMemo(
    () => [...new Set([...form.models, ...(data?.data ?? []).map((model) => model.id)])],
    [form.models, data],
  );
  return (
    <MultiSelect
      size="sm"
      label="Models"
      description="Empty: all models."
      placeholder={form.models.length === 0 ? 'All models' : undefined}
      data={options}
      value={form.models}
      onChange={(models) => onChange({ models })}
      searchable
      searchValue={typed}
      onSearchChange={setTyped}
      hidePickedOptions
      nothingFoundMessage="No model by that name"
      error={error}
    />
  );
}
