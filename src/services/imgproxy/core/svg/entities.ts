/** Entities that a document declares for itself. */
export interface Entities {
  /** Puts them in their place; unknown ones vanish, those of XML itself and of characters stay. */
  readonly resolve: (text: string) => string;
}

const maxSubset = 16 * 1024;
/** Characters that all entities of a document together may add to it. */
const maxGrowth = 1024 * 1024;

/**
 * Reads the entities of a document type's internal subset. Drawing programs name their namespaces by such; those that hold
 * markup or other entities are for nobody's good and count as unknown.
 */
export function readEntities(subset: string): Entities {
  const values = new Map<string, string>();
  const declared = subset.slice(0, maxSubset).matchAll(/<!ENTITY\s+([\w:.-]+)\s+(?:"([^"<&%]*)"|'([^'<&%]*)')\s*>/g);
  for (const [, name, double, single] of declared) values.set(name as string, double ?? single ?? '');
  let growth = 0;
  return {
    resolve: (text) =>
      text.replace(/&([\w:.-]+);/g, (whole, name: string) => {
        if (/^(lt|gt|amp|quot|apos)$/.test(name)) return whole;
        const value = values.get(name) ?? '';
        growth += value.length;
        return growth > maxGrowth ? '' : value.replace(/"/g, '&quot;').replace(/'/g, '&apos;').replace(/>/g, '&gt;');
      }),
  };
}
