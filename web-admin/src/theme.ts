/* theme: Mantine's components in this console's manner. Colours and sizes stand in styles/tokens.css. */
import { createTheme, type MantineColorsTuple } from '@mantine/core';

/* Only the shade that Mantine computes contrasts from is read; what is painted comes from tokens.css. */
const accent: MantineColorsTuple = [
  '#e0f0ed',
  '#d2e8e4',
  '#a9d3cc',
  '#7cbcb2',
  '#55a69a',
  '#1c8071',
  '#0b6b60',
  '#095a51',
  '#084a43',
  '#063a35',
];

const overlay = {
  lockScroll: false,
  overlayProps: { backgroundOpacity: 0.35 },
  returnFocus: true,
  // The page has its own banner; a dialog's heading is none.
  attributes: { header: { role: 'presentation' } },
};
const field = { size: 'sm' } as const;

export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 6, dark: 5 },
  colors: { accent },
  fontFamily: 'var(--font)',
  cursorType: 'pointer',
  respectReducedMotion: true,
  /* By name: importing a component here would put it into the first file that is loaded. */
  components: {
    Button: { defaultProps: { size: 'xs' } },
    Checkbox: { defaultProps: { size: 'xs' } },
    Modal: { defaultProps: { ...overlay, centered: true } },
    Drawer: { defaultProps: { ...overlay, position: 'right' } },
    TextInput: { defaultProps: field },
    PasswordInput: { defaultProps: field },
    NumberInput: { defaultProps: { ...field, hideControls: true } },
    Select: { defaultProps: { ...field, allowDeselect: false } },
    Textarea: { defaultProps: field },
    SegmentedControl: { defaultProps: { size: 'xs' } },
    Tooltip: { defaultProps: { openDelay: 250, withinPortal: true } },
  },
});
