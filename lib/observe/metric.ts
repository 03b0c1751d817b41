/** A metric by name, and a value of it. Which system the values go to is not known here. */
export type Kind = 'counter' | 'gauge';

export interface Metric {
  readonly name: string;
  readonly kind: Kind;
  readonly help: string;
  /** Besides `client`. */
  readonly labels: readonly string[];
}

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly metric: string;
  readonly labels: Labels;
  readonly value: number;
}

export const sampleOf = ({ name: metric }: Metric, value: number, labels: Labels = {}): Sample => ({
  metric,
  labels,
  value,
});
