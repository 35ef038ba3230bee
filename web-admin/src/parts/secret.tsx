/* secret: what is shown once. It does not close by a click beside it, so that it is not lost by accident. */
import { Button, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { CodeBlock } from './code';
import classes from './form.module.css';

interface SecretModalProps {
  title: string;
  /** Null: closed. */
  secret: string | null;
  what: string;
  onClose: () => void;
  children?: ReactNode;
}

export function SecretModal({ title, secret, what, onClose, children }: SecretModalProps) {
  return (
    <Modal
      opened={secret !== null}
      onClose={onClose}
      title={title}
      size={560}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <div className={classes.confirm}>
        <p className={classes.say}>Copy it now and keep it safe: it is shown only this once.</p>
        <CodeBlock code={secret ?? ''} what={what} />
        {children}
        <div>
          <Button size="sm" onClick={onClose} data-autofocus>
            I have it
          </Button>
        </div>
      </div>
    </Modal>
  );
}
