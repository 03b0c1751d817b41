import { Observable } from 'rxjs';
import type { EventHub } from './event-hub';

/** Events of a hub, and the value `pick` gives for each; `undefined` leaves the event out. `errors`: errors are among them. */
export function observeEvents<E, T>(
  hub: Pick<EventHub<E>, 'on'>,
  pick: (event: E) => T | undefined,
  errors = false,
): Observable<T> {
  return new Observable<T>((subscriber) =>
    hub.on(
      (event) => {
        const value = pick(event);
        if (value !== undefined) subscriber.next(value);
      },
      (error) => (error === null ? subscriber.complete() : subscriber.error(error)),
      errors,
    ),
  );
}
