import type { GraphQLSchema } from 'graphql';
import { useState } from 'react';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Input } from '../../design/field.tsx';
import { docOf, type TypeDoc, typeNames } from './docs.ts';
import styles from './page.module.css';

/** What the schema has: all types, or one of them. @param onOpen is given a type's name, or nothing for all */
export function DocsPanel({
  schema,
  type,
  onOpen,
}: {
  readonly schema: GraphQLSchema;
  readonly type: string | undefined;
  readonly onOpen: (type: string | undefined) => void;
}) {
  const [search, setSearch] = useState('');
  const doc = type === undefined ? undefined : docOf(schema, type);
  if (doc) return <OneType doc={doc} onOpen={onOpen} />;
  const names = typeNames(schema, search);
  return (
    <div className={styles.docs}>
      <Input
        type="search"
        aria-label="Search types and fields"
        placeholder="Type or field"
        value={search}
        onChange={({ currentTarget }) => setSearch(currentTarget.value)}
      />
      {names.length === 0 && <p>Nothing is called that.</p>}
      <ul>
        {names.map((name) => (
          <li key={name}>
            <button type="button" onClick={() => onOpen(name)}>
              {name}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function OneType({ doc, onOpen }: { readonly doc: TypeDoc; readonly onOpen: (type: string | undefined) => void }) {
  return (
    <div className={styles.docs}>
      <div>
        <Button small kind="quiet" icon="chevron-left" onClick={() => onOpen(undefined)}>
          All types
        </Button>
      </div>
      <h3>
        {doc.name} <Badge>{doc.kind}</Badge>
      </h3>
      {doc.about !== '' && <p>{doc.about}</p>}
      <dl>
        {doc.fields.map((field) => (
          <div key={field.name}>
            <dt>
              <code>
                {field.name}
                {field.args.length > 0 && `(${field.args.join(', ')})`}:{' '}
                <button type="button" onClick={() => onOpen(field.leadsTo)}>
                  {field.type}
                </button>
              </code>
            </dt>
            {field.about !== '' && <dd>{field.about}</dd>}
            {field.deprecated !== undefined && <dd>Deprecated: {field.deprecated}</dd>}
          </div>
        ))}
        {doc.members.map(({ name, about, isType }) => (
          <div key={name}>
            <dt>
              {isType ? (
                <button type="button" onClick={() => onOpen(name)}>
                  {name}
                </button>
              ) : (
                <code>{name}</code>
              )}
            </dt>
            {about !== '' && <dd>{about}</dd>}
          </div>
        ))}
      </dl>
    </div>
  );
}
