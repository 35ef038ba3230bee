/* code: lines to be taken along: a curl line, a new secret. */
import type { ReactNode } from 'react';
import classes from './code.module.css';
import { CopyButton } from './copy';

interface CodeBlockProps {
  code: string;
  /** What the button copies: "curl line". */
  what: string;
  label?: ReactNode;
}

export function CodeBlock({ code, what, label }: CodeBlockProps) {
  return (
    <div className={classes.block}>
      <div className={classes.head}>
        <span>{label}</span>
        <CopyButton value={code} what={what} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard. */}
      <section className={classes.scroll} tabIndex={0} aria-label={what}>
        <pre>{code}</pre>
      </section>
    </div>
  );
}
