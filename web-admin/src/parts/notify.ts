/* notify: a word in the corner after something was done. What failed is said where it was tried, not here. */
import { notifications } from '@mantine/notifications';

export function notify(message: string): void {
  notifications.show({ message, autoClose: 4000, withBorder: true, color: 'accent' });
}
