import { cutTemplate, type Piece, TemplateError, type Token } from './lexer.ts';

/** Something that has a value. */
export type Operand =
  | { readonly kind: 'constant'; readonly value: string | number | boolean | null }
  | { readonly kind: 'field'; readonly root: string | undefined; readonly path: readonly string[] }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline };

/** A function with its arguments, or a single operand. */
export interface Command {
  readonly name: string | undefined;
  readonly operands: readonly Operand[];
}

/** Commands of which each gets the value of the one before as its last argument. */
export type Pipeline = readonly Command[];

/** A part of a template. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipeline: Pipeline }
  | { readonly kind: 'assign'; readonly name: string; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with';
      readonly pipeline: Pipeline;
      readonly then: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | {
      readonly kind: 'range';
      /** Variables for key and element, or for the element alone. */
      readonly names: readonly string[];
      readonly pipeline: Pipeline;
      readonly then: readonly Node[];
      readonly otherwise: readonly Node[];
    };

const maxDepth = 50;
const constants: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['nil', null],
]);

/** Parses a template. Definitions and inclusions of other templates are not part of the subset. @throws TemplateError */
export function parseTemplate(source: string): readonly Node[] {
  const pieces = cutTemplate(source);
  const reader = { at: 0, pieces };
  const { nodes, stop } = readNodes(reader, 0);
  if (stop) throw new TemplateError(`unexpected ${stop.keyword}`);
  return nodes;
}

interface Reader {
  at: number;
  readonly pieces: readonly Piece[];
}

interface Stop {
  readonly keyword: 'else' | 'end';
  readonly rest: readonly Token[];
}

function readNodes(reader: Reader, depth: number): { nodes: Node[]; stop: Stop | undefined } {
  if (depth > maxDepth) throw new TemplateError('nested too deeply');
  const nodes: Node[] = [];
  while (reader.at < reader.pieces.length) {
    const piece = reader.pieces[reader.at++] as Piece;
    if (piece.kind === 'text') {
      nodes.push(piece);
      continue;
    }
    const [first, ...rest] = piece.tokens;
    const keyword = first?.kind === 'word' ? first.text : undefined;
    if (keyword === 'else' || keyword === 'end') return { nodes, stop: { keyword, rest } };
    if (keyword === 'if' || keyword === 'with' || keyword === 'range')
      nodes.push(readBlock(reader, keyword, rest, depth));
    else if (keyword === 'define' || keyword === 'template' || keyword === 'block')
      throw new TemplateError(`{{${keyword}}} is not supported`);
    else nodes.push(readSimple(piece.tokens));
  }
  return { nodes, stop: undefined };
}

function readBlock(reader: Reader, kind: 'if' | 'with' | 'range', tokens: readonly Token[], depth: number): Node {
  const { names, pipeline } = readHead(kind, tokens);
  const then = readNodes(reader, depth + 1);
  let otherwise: readonly Node[] = [];
  if (then.stop?.keyword === 'else') {
    const [first, ...rest] = then.stop.rest;
    // `{{else if …}}` shares the end of the block it stands in.
    if (first?.kind === 'word' && (first.text === 'if' || first.text === 'with'))
      return finish(kind, names, pipeline, then.nodes, [readBlock(reader, first.text, rest, depth + 1)]);
    const last = readNodes(reader, depth + 1);
    if (last.stop?.keyword !== 'end') throw new TemplateError(`{{${kind}}} is not closed`);
    otherwise = last.nodes;
  } else if (!then.stop) throw new TemplateError(`{{${kind}}} is not closed`);
  return finish(kind, names, pipeline, then.nodes, otherwise);
}

function finish(
  kind: 'if' | 'with' | 'range',
  names: readonly string[],
  pipeline: Pipeline,
  then: readonly Node[],
  otherwise: readonly Node[],
): Node {
  return kind === 'range' ? { kind, names, pipeline, then, otherwise } : { kind, pipeline, then, otherwise };
}

function readHead(kind: string, tokens: readonly Token[]): { names: string[]; pipeline: Pipeline } {
  const declares = tokens.findIndex((token) => token.kind === 'mark' && token.text === ':=');
  if (kind !== 'range' || declares < 0) return { names: [], pipeline: readPipeline(tokens) };
  const names = tokens
    .slice(0, declares)
    .flatMap((token) => (token.kind === 'field' && token.root ? [token.root] : []));
  if (names.length === 0 || names.length > 2) throw new TemplateError('range declares one or two variables');
  return { names, pipeline: readPipeline(tokens.slice(declares + 1)) };
}

function readSimple(tokens: readonly Token[]): Node {
  const [first, second, ...rest] = tokens;
  const assigns = second?.kind === 'mark' && (second.text === ':=' || second.text === '=');
  if (!assigns) return { kind: 'output', pipeline: readPipeline(tokens) };
  if (first?.kind !== 'field' || !first.root || first.path.length > 0)
    throw new TemplateError('only variables can be assigned to');
  return { kind: 'assign', name: first.root, pipeline: readPipeline(rest) };
}

function readPipeline(tokens: readonly Token[]): Pipeline {
  const reader = { at: 0, tokens };
  const pipeline = readCommands(reader, 0);
  if (reader.at < tokens.length) throw new TemplateError('a parenthesis opens nowhere');
  return pipeline;
}

function readCommands(reader: { at: number; readonly tokens: readonly Token[] }, depth: number): Pipeline {
  if (depth > maxDepth) throw new TemplateError('nested too deeply');
  const commands: Command[] = [];
  let name: string | undefined;
  let operands: Operand[] = [];
  const close = (): void => {
    if (name === undefined && operands.length !== 1) throw new TemplateError('a command is empty or calls no function');
    commands.push({ name, operands });
    name = undefined;
    operands = [];
  };
  for (; reader.at < reader.tokens.length; reader.at++) {
    const token = reader.tokens[reader.at] as Token;
    if (token.kind === 'value') operands.push({ kind: 'constant', value: token.value });
    else if (token.kind === 'field') operands.push(token);
    else if (token.kind === 'word') {
      const constant = constants.get(token.text);
      if (constant !== undefined) operands.push({ kind: 'constant', value: constant });
      else if (name === undefined && operands.length === 0) name = token.text;
      else throw new TemplateError(`function ${token.text} needs parentheses here`);
    } else if (token.text === '|') close();
    else if (token.text === ')') break;
    else if (token.text === '(') {
      reader.at++;
      operands.push({ kind: 'pipeline', pipeline: readCommands(reader, depth + 1) });
      const closing = reader.tokens[reader.at];
      if (closing?.kind !== 'mark' || closing.text !== ')') throw new TemplateError('a parenthesis is not closed');
    } else throw new TemplateError(`unexpected ${token.text}`);
  }
  close();
  return commands;
}
