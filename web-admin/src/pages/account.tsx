/* account: one's own password. */
import { Button, PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { api, take } from '../api/client';
import { useSubmit } from '../parts/form';
import classes from '../parts/form.module.css';
import { notify } from '../parts/notify';
import { Page, Panel } from '../parts/page';
import { FormError } from '../parts/states';
import { useSession } from '../session/session';

const SHORTEST = 12;

export default function Account() {
  const { session } = useSession();
  const [current, setCurrent] = useState('');
  const [fresh, setFresh] = useState('');
  const [again, setAgain] = useState('');
  const submit = useSubmit(async (body: { current: string; new: string }, key) => {
    await take(api.POST('/session/password', { params: { header: { 'Idempotency-Key': key } }, body }));
    setCurrent('');
    setFresh('');
    setAgain('');
    notify('The password is changed. Your other sessions have ended.');
  });
  const short = fresh !== '' && fresh.length < SHORTEST;
  const differs = again !== '' && again !== fresh;
  const ready = current !== '' && fresh.length >= SHORTEST && again === fresh;

  return (
    <Page title="Change password" about={session.email}>
      <Panel>
        <form
          className={classes.narrow}
          onSubmit={(event) => {
            event.preventDefault();
            if (ready) void submit.run({ current, new: fresh });
          }}
        >
          <input type="hidden" name="username" autoComplete="username" value={session.email ?? ''} readOnly />
          <FormError error={submit.error} />
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
            error={submit.fieldError('current')}
            maxLength={256}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the current password' }}
          />
          <PasswordInput
            label="New password"
            description={`At least ${SHORTEST} characters. A sentence is easier to remember than a riddle.`}
            autoComplete="new-password"
            value={fresh}
            onChange={(event) => setFresh(event.currentTarget.value)}
            error={submit.fieldError('new') ?? (short ? `${SHORTEST - fresh.length} more` : undefined)}
            maxLength={256}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the new password' }}
          />
          <PasswordInput
            label="New password again"
            autoComplete="new-password"
            value={again}
            onChange={(event) => setAgain(event.currentTarget.value)}
            error={differs ? 'It differs from the one above' : undefined}
            maxLength={256}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the repeated password' }}
          />
          <div>
            <Button type="submit" size="sm" loading={submit.pending} disabled={!ready}>
              Change password
            </Button>
          </div>
        </form>
      </Panel>
    </Page>
  );
}
