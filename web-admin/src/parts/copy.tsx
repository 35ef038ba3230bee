/* copy: puts a text on the clipboard, and says so. */
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { useCallback, useEffect, useRef, useState } from 'react';
import { Icon } from './icon';

/** The clipboard's own interface is there on secure pages only; the old way works on a plain http address too. */
async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.setAttribute('readonly', '');
    field.style.position = 'fixed';
    field.style.opacity = '0';
    // Inside of a dialog the focus may not leave it.
    (document.activeElement?.closest('[role="dialog"]') ?? document.body).appendChild(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}

export function useCopy(): { state: 'idle' | 'done' | 'failed'; copy: (text: string) => void } {
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  const timer = useRef(0);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const copy = useCallback((text: string) => {
    void writeClipboard(text).then((done) => {
      setState(done ? 'done' : 'failed');
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(() => setState('idle'), 1600);
    });
  }, []);
  return { state, copy };
}

interface CopyButtonProps {
  value: string;
  /** What is copied: "id", "secret", "curl line". */
  what: string;
  /** A small icon instead of a button with words. */
  quiet?: boolean;
}

export function CopyButton({ value, what, quiet = false }: CopyButtonProps) {
  const { state, copy } = useCopy();
  const said = state === 'done' ? 'Copied' : state === 'failed' ? 'Could not copy' : `Copy ${what}`;
  const icon = <Icon name={state === 'done' ? 'check' : 'copy'} size={quiet ? 13 : 14} />;
  const onClick = (event: { stopPropagation: () => void }) => {
    event.stopPropagation();
    copy(value);
  };
  if (!quiet) {
    return (
      <Button variant="default" leftSection={icon} onClick={onClick} aria-live="polite">
        {said}
      </Button>
    );
  }
  return (
    <Tooltip label={said}>
      <ActionIcon variant="subtle" color="gray" size={24} aria-label={said} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
