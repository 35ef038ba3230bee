/* states: what stands where there is nothing to show, or where a call has failed. */
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { asApiError } from '../api/error';
import { CopyButton } from './copy';
import { Icon } from './icon';
import classes from './states.module.css';

interface EmptyStateProps {
  title: string;
  /** What to do next. */
  children?: ReactNode;
  action?: ReactNode;
}

export function EmptyState({ title, children, action }: EmptyStateProps) {
  return (
    <div className={classes.empty}>
      <p className={classes.title}>{title}</p>
      {children && <div className={classes.say}>{children}</div>}
      {action && <div className={classes.act}>{action}</div>}
    </div>
  );
}

interface ErrorStateProps {
  error: unknown;
  /** What was tried, "The keys could not be read". */
  what: string;
  retry?: () => void;
}

/** What failed, why, the id under which the server has it in its log, and a way to try again. */
export function ErrorState({ error, what, retry }: ErrorStateProps) {
  const { message, requestId } = asApiError(error);
  return (
    <div className={classes.error} role="alert">
      <span className={classes.sign}>
        <Icon name="alert" />
      </span>
      <div className={classes.words}>
        <p className={classes.title}>{what}</p>
        <p>{message}</p>
        <RequestId id={requestId} />
      </div>
      {retry && (
        <Button variant="default" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** The same for a form: over its fields, without a retry, since the form has its own button. */
export function FormError({ error }: { error: unknown }) {
  if (!error) return null;
  const { message, requestId, fields } = asApiError(error);
  const named = Object.keys(fields).length;
  return (
    <div className={classes.formError} role="alert">
      <Icon name="alert" />
      <div className={classes.words}>
        <p>{named > 0 ? 'Some fields were refused; see what stands under them.' : message}</p>
        <RequestId id={requestId} />
      </div>
    </div>
  );
}

function RequestId({ id }: { id: string | null }) {
  if (!id) return null;
  return (
    <p className={classes.requestId}>
      Request id <code>{id}</code>
      <CopyButton value={id} what="request id" quiet />
    </p>
  );
}
