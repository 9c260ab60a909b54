/** Code that connects an application, for one framework. */
export interface Snippet {
  readonly key: string;
  readonly name: string;
  readonly steps: readonly { readonly title: string; readonly code: string }[];
}

const install = { title: 'Install the client', code: 'npm install @supabase/supabase-js' };

/** Snippets with the project's own address and public key. */
export function snippetsFor(url: string, key: string): readonly Snippet[] {
  return [
    {
      key: 'javascript',
      name: 'JavaScript',
      steps: [
        install,
        {
          title: 'Use it',
          code: `import { createClient } from '@supabase/supabase-js'

const supabase = createClient('${url}', '${key}')

const { data, error } = await supabase.from('todos').select()`,
        },
      ],
    },
    {
      key: 'next',
      name: 'Next.js',
      steps: [
        { title: 'Install the clients', code: 'npm install @supabase/supabase-js @supabase/ssr' },
        { title: '.env.local', code: `NEXT_PUBLIC_SUPABASE_URL=${url}\nNEXT_PUBLIC_SUPABASE_ANON_KEY=${key}` },
        {
          title: 'utils/supabase/client.ts',
          code: `import { createBrowserClient } from '@supabase/ssr'

export const createClient = () =>
  createBrowserClient(process.env.NEXT_PUBLIC_SUPABASE_URL!, process.env.NEXT_PUBLIC_SUPABASE_ANON_KEY!)`,
        },
      ],
    },
    {
      key: 'vite',
      name: 'React, Vue, Svelte',
      steps: [
        install,
        { title: '.env', code: `VITE_SUPABASE_URL=${url}\nVITE_SUPABASE_ANON_KEY=${key}` },
        {
          title: 'src/supabase.ts',
          code: `import { createClient } from '@supabase/supabase-js'

export const supabase = createClient(import.meta.env.VITE_SUPABASE_URL, import.meta.env.VITE_SUPABASE_ANON_KEY)`,
        },
      ],
    },
    {
      key: 'flutter',
      name: 'Flutter',
      steps: [
        { title: 'Install the client', code: 'flutter pub add supabase_flutter' },
        {
          title: 'lib/main.dart',
          code: `await Supabase.initialize(
  url: '${url}',
  anonKey: '${key}',
);
final todos = await Supabase.instance.client.from('todos').select();`,
        },
      ],
    },
    {
      key: 'python',
      name: 'Python',
      steps: [
        { title: 'Install the client', code: 'pip install supabase' },
        {
          title: 'Use it',
          code: `from supabase import create_client

supabase = create_client("${url}", "${key}")
todos = supabase.table("todos").select("*").execute()`,
        },
      ],
    },
    {
      key: 'curl',
      name: 'curl',
      steps: [{ title: 'Ask', code: `curl '${url}/rest/v1/todos?select=*' \\\n  -H 'apikey: ${key}'` }],
    },
  ];
}
