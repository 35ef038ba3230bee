/* editor: the text of a preset, with what is wrong with it beside its line. */
import { Button, Textarea } from '@mantine/core';
import { useRef } from 'react';
import type { ApiError } from '../../../api/error';
import { FormError } from '../../../parts/states';
import { complaintsOf, readPreset, writePreset } from './preset-text';
import classes from './routing.module.css';

interface EditorProps {
  text: string;
  onChange: (text: string) => void;
  error: ApiError | null;
  readOnly?: boolean;
}

export function PresetEditor({ text, onChange, error, readOnly = false }: EditorProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const read = readPreset(text);
  const complaints = error ? complaintsOf(error.fields, text) : [];
  const elsewhere = error !== null && complaints.length === 0;

  const goTo = (line: number) => {
    const before = text.split('\n').slice(0, line - 1);
    const from = before.reduce((size, one) => size + one.length + 1, 0);
    const end = text.indexOf('\n', from);
    field.current?.focus();
    field.current?.setSelectionRange(from, end < 0 ? text.length : end);
  };

  return (
    <div className={classes.editor}>
      {elsewhere && <FormError error={error} />}
      {complaints.length > 0 && (
        <div className={classes.complaints} role="alert">
          <p>The preset was not saved:</p>
          <ul>
            {complaints.map((one) => (
              <li key={`${one.path} ${one.message}`}>
                <button type="button" onClick={() => goTo(one.line)}>
                  Line {one.line}
                </button>{' '}
                {one.path && <code>{one.path}</code>} {one.message}
              </li>
            ))}
          </ul>
        </div>
      )}
      <Textarea
        ref={field}
        label="Preset, as JSON"
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={'problem' in read && text.trim() !== '' ? read.problem : undefined}
        rows={22}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        readOnly={readOnly}
        classNames={{ input: classes.code }}
      />
      {!readOnly && (
        <div>
          <Button
            variant="subtle"
            color="gray"
            disabled={'problem' in read}
            onClick={() => 'value' in read && onChange(writePreset(read.value))}
          >
            Indent
          </Button>
        </div>
      )}
    </div>
  );
}
