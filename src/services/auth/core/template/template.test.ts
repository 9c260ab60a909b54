import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileHtml, compileText } from './render.ts';

const data = {
  Email: 'a+b@c.d',
  Token: '123456',
  SiteURL: 'https://site.test',
  ConfirmationURL: 'https://api.test/verify?token=abc&type=signup&redirect_to=https://site.test',
  RedirectTo: 'https://site.test/a?b=c&d=e',
  Data: { name: '<b>Bo "B" O\'Neil</b>', age: 42, tags: ['x', 'y'], empty: '', nested: { deep: true } },
};
const html = (source: string, values: unknown = data): string => compileHtml(source).render(values);
const text = (source: string, values: unknown = data): string => compileText(source).render(values);

describe('templates', () => {
  it.each([
    ['{{ .Token }}', '123456'],
    ['{{.Data.nested.deep}}', 'true'],
    ['{{ .Data.missing.more }}|', '|'],
    ['{{ if .Data.empty }}a{{ else }}b{{ end }}', 'b'],
    ['{{ if eq .Token "123456" }}a{{ end }}', 'a'],
    ['{{ if eq .Token "1" "2" "123456" }}a{{ end }}', 'a'],
    ['{{ if and .Token (not .Data.empty) }}a{{ end }}', 'a'],
    ['{{ if eq .Token "1" }}a{{ else if eq .Token "2" }}b{{ else }}c{{ end }}', 'c'],
    ['{{ range .Data.tags }}[{{ . }}]{{ end }}', '[x][y]'],
    ['{{ range $i, $t := .Data.tags }}{{ $i }}={{ $t }};{{ end }}', '0=x;1=y;'],
    ['{{ range .Data.none }}x{{ else }}none{{ end }}', 'none'],
    ['{{ with .Data.nested }}{{ .deep }}{{ $.Token }}{{ end }}', 'true123456'],
    ['{{ $x := .Token }}{{ if true }}{{ $x = "z" }}{{ end }}{{ $x }}', 'z'],
    ['{{ printf "%s has %d" .Token .Data.age }}', '123456 has 42'],
    ['{{ .Token | printf "%-8s|" }}', '123456  |'],
    ['{{ index .Data.tags 1 }}{{ len .Data.tags }}', 'y2'],
    ['a {{- /* note */ -}} b', 'ab'],
    ['a\n{{- if true }} b {{- end }}\nc', 'a b\nc'],
    ['{{ "a\\"b" }}{{ `c` }}', 'a"bc'],
    ['{{ .Data.constructor }}{{ .Data.__proto__ }}', ''],
  ])('%s gives %s', (source, expected) => {
    expect(text(source)).toBe(expected);
  });

  it.each([
    ['<p>{{ .Data.name }}</p>', '<p>&lt;b&gt;Bo &#34;B&#34; O&#39;Neil&lt;/b&gt;</p>'],
    [
      '<a href="{{ .ConfirmationURL }}">',
      '<a href="https://api.test/verify?token=abc&amp;type=signup&amp;redirect_to=https://site.test">',
    ],
    [
      '<a href="{{ .SiteURL }}/x?next={{ .RedirectTo }}">',
      '<a href="https://site.test/x?next=https%3A%2F%2Fsite.test%2Fa%3Fb%3Dc%26d%3De">',
    ],
    ['<a href="{{ "javascript:alert(1)" }}">', '<a href="#ZgotmplZ">'],
    ['<a href=\'{{ " JavaScript:x" }}\'>', "<a href='#ZgotmplZ'>"],
    ['<img alt={{ .Data.name }}>', '<img alt=&lt;b&gt;Bo&#32;&#34;B&#34;&#32;O&#39;Neil&lt;/b&gt;>'],
    ['<div title="{{ .Data.name }}">', '<div title="&lt;b&gt;Bo &#34;B&#34; O&#39;Neil&lt;/b&gt;">'],
    ['<p onclick="f(\'{{ .Data.name }}\')">', '<p onclick="f(\'ZgotmplZ\')">'],
    [
      '<script>var x = "{{ .Data.name }}"</script><p>{{ .Data.name }}</p>',
      '<script>var x = "ZgotmplZ"</script><p>&lt;b&gt;Bo &#34;B&#34; O&#39;Neil&lt;/b&gt;</p>',
    ],
    ['<style>a{color:{{ .Data.name }}}</style>', '<style>a{color:ZgotmplZ}</style>'],
    ['<!-- {{ .Data.name }} --><i>{{ .Token }}', '<!--  --><i>123456'],
    ['<{{ .Data.name }}>', '<ZgotmplZ>'],
    ['<title>{{ .Data.name }}</title>', '<title>&lt;b&gt;Bo &#34;B&#34; O&#39;Neil&lt;/b&gt;</title>'],
  ])('%s is escaped for its place', (source, expected) => {
    expect(html(source)).toBe(expected);
  });

  it.each([
    '{{ .Token',
    '{{ if .Token }}',
    '{{ end }}',
    '{{ }}',
    '{{ template "x" }}',
    '{{ foo bar }}',
    '{{ ( .Token }}',
    '{{ else }}',
    '{{ "\\q" }}',
  ])('refuses %s', (source) => {
    expect(() => compileHtml(source)).toThrow();
  });

  it('refuses functions it does not know', () => {
    expect(() => text('{{ constructor "x" }}')).toThrow('not known');
  });

  it('bounds what a template may produce', () => {
    const many = { a: Array.from({ length: 2_000 }, () => 'x'.repeat(100)) };
    expect(() => html('{{ range .a }}{{ range $.a }}{{ . }}{{ end }}{{ end }}', many)).toThrow();
  });

  it('never lets a value open or close markup', () => {
    const places = [
      '<p>{{ .v }}</p>',
      '<p title="{{ .v }}"></p>',
      "<p title='{{ .v }}'></p>",
      '<a href="{{ .v }}"></a>',
      '<a href="x?{{ .v }}"></a>',
      '<p title={{ .v }}></p>',
    ];
    const nasty = fc.array(
      fc.oneof(
        fc.constantFrom('<', '>', '"', "'", '&', '`', ' ', '\n', '=', '\0', 'javascript:', '<script>', '\ud800'),
        fc.string(),
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), nasty, (place, parts) => {
        const [before, after] = place.split('{{ .v }}') as [string, string];
        const result = html(place, { v: parts.join('') });
        const inner = result.slice(before.length, result.length - after.length);
        expect(result.startsWith(before) && result.endsWith(after)).toBe(true);
        expect(inner).not.toMatch(/[<>"'\0]/);
        if (before.endsWith('=')) expect(inner).not.toMatch(/[\s`=]/);
      }),
    );
  });

  it('survives any source', () => {
    const bits = fc.constantFrom(
      '{{',
      '}}',
      '{{-',
      '-}}',
      'if',
      'range',
      'end',
      'else',
      '.',
      '$x',
      ':=',
      '|',
      '(',
      ')',
      '"',
      '`',
      '/*',
      '*/',
      ' ',
      'eq',
      '1',
      '<a href="',
      '<script>',
      '-->',
    );
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 20 }), (parts) => {
        try {
          expect(typeof html(parts.join(''))).toBe('string');
        } catch (error) {
          expect((error as Error).name).toBe('TemplateError');
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
