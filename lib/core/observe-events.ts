import { Observable } from 'rxjs';
import type { Events } from './event-hub';

/**
 * The events for which `pick` returns a value, as an observable of these values.
 *
 * @param errors - errors are among them: a subscriber is an error listener
 */
export function observeEvents<E, T>(
  events: Pick<Events<E>, 'on'>,
  pick: (event: E) => T | undefined,
  errors = false,
): Observable<T> {
  return new Observable<T>((subscriber) =>
    events.on(
      (event) => {
        const value = pick(event);
        if (value !== undefined) subscriber.next(value);
      },
      (error) => (error === null ? subscriber.complete() : subscriber.error(error)),
      errors,
    ),
  );
}
