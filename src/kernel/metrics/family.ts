/** Names and values that tell the series of a family apart. */
export type Labels = Readonly<Record<string, string>>;

/** One number of a family. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** How often values fell below each bound, for one set of labels. */
export interface Distribution {
  readonly labels: Labels;
  /** Upper bounds in rising order; the one that is infinite is left out. */
  readonly bounds: readonly number[];
  /** How many values were at or below each bound. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

interface Named {
  /** As Prometheus allows it: letters, digits, `_` and `:`. */
  readonly name: string;
  readonly help: string;
}

/** A metric with all its series (Prometheus data model, "metric family"). Plain data, which may go to another process. */
export type MetricFamily =
  | (Named & { readonly type: 'gauge' | 'counter'; readonly samples: readonly Sample[] })
  | (Named & { readonly type: 'histogram'; readonly samples: readonly Distribution[] });

type Values = number | boolean | readonly Sample[];

const samplesOf = (values: Values): readonly Sample[] =>
  typeof values === 'object' ? values : [{ labels: {}, value: Number(values) }];

/** A family of numbers that go up and down. @param values one number, or one for each set of labels */
export const gauge = (name: string, help: string, values: Values): MetricFamily => ({
  name,
  type: 'gauge',
  help,
  samples: samplesOf(values),
});

/** A family of numbers that only grow while the program runs. @param values one number, or one for each set of labels */
export const counter = (name: string, help: string, values: Values): MetricFamily => ({
  name,
  type: 'counter',
  help,
  samples: samplesOf(values),
});

/** The same family with more labels on every series; those it has already count over them. */
export function withLabels(family: MetricFamily, labels: Labels): MetricFamily {
  const add = <T extends { readonly labels: Labels }>(sample: T): T => ({
    ...sample,
    labels: { ...labels, ...sample.labels },
  });
  return family.type === 'histogram'
    ? { ...family, samples: family.samples.map(add) }
    : { ...family, samples: family.samples.map(add) };
}

/** Families of one name as one, since a name may stand only once in a text. What is of another type than the first is left out. */
export function mergeFamilies(families: readonly MetricFamily[]): readonly MetricFamily[] {
  const merged = new Map<string, MetricFamily>();
  for (const family of families) {
    const known = merged.get(family.name);
    if (!known) merged.set(family.name, family);
    else if (known.type === family.type)
      merged.set(family.name, { ...known, samples: [...known.samples, ...family.samples] } as MetricFamily);
  }
  return [...merged.values()];
}
