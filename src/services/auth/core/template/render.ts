import { escapeFor } from './escape.ts';
import { functions, isTruthy, partOf, printValue, type Value } from './functions.ts';
import { createHtmlContext } from './html-context.ts';
import { TemplateError } from './lexer.ts';
import { type Command, type Node, type Operand, type Pipeline, parseTemplate } from './parser.ts';

/** A template ready to be filled in. */
export interface Template {
  /** @throws TemplateError when the result grows beyond a megabyte or a function cannot take its arguments */
  render(data: Value): string;
}

const maxOutput = 1_000_000;
const maxSteps = 100_000;

/** Compiles a template for HTML: values are escaped for the place they stand at. @throws TemplateError */
export const compileHtml = (source: string): Template => compile(source, true);

/** Compiles a template for plain text, e.g. a subject line. @throws TemplateError */
export const compileText = (source: string): Template => compile(source, false);

function compile(source: string, html: boolean): Template {
  const nodes = parseTemplate(source);
  return { render: (data) => new Run(data, html).result(nodes) };
}

type Variables = ReadonlyMap<string, { value: Value }>;

class Run {
  readonly #context = createHtmlContext();
  readonly #html: boolean;
  readonly #root: Value;
  #output = '';
  #steps = 0;

  constructor(root: Value, html: boolean) {
    this.#root = root;
    this.#html = html;
  }

  result(nodes: readonly Node[]): string {
    this.#runAll(nodes, this.#root, new Map([['$', { value: this.#root }]]));
    return this.#output;
  }

  #runAll(nodes: readonly Node[], dot: Value, outer: Variables): void {
    const variables = new Map(outer);
    for (const node of nodes) {
      if (++this.#steps > maxSteps) throw new TemplateError('the template does too much');
      this.#run(node, dot, variables);
    }
  }

  #run(node: Node, dot: Value, variables: Map<string, { value: Value }>): void {
    switch (node.kind) {
      case 'text':
        if (this.#html) this.#context.text(node.text);
        this.#write(node.text);
        return;
      case 'output':
        this.#writeValue(printValue(this.#evaluate(node.pipeline, dot, variables)));
        return;
      case 'assign': {
        const value = this.#evaluate(node.pipeline, dot, variables);
        const known = variables.get(node.name);
        if (known) known.value = value;
        else variables.set(node.name, { value });
        return;
      }
      case 'if':
      case 'with': {
        const value = this.#evaluate(node.pipeline, dot, variables);
        const inner = node.kind === 'with' && isTruthy(value) ? value : dot;
        this.#runAll(isTruthy(value) ? node.then : node.otherwise, inner, variables);
        return;
      }
      case 'range':
        this.#range(node, dot, variables);
    }
  }

  #range(node: Node & { kind: 'range' }, dot: Value, variables: Variables): void {
    const value = this.#evaluate(node.pipeline, dot, variables);
    const isCollection = typeof value === 'object' && value !== null;
    // Go walks maps in the order of their keys.
    const entries: [Value, Value][] = Array.isArray(value)
      ? value.map((item, index) => [index, item])
      : isCollection
        ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
        : [];
    if (entries.length === 0) this.#runAll(node.otherwise, dot, variables);
    for (const [key, item] of entries) {
      const inner = new Map(variables);
      const [first, second] = node.names;
      if (first && second) inner.set(first, { value: key }).set(second, { value: item });
      else if (first) inner.set(first, { value: item });
      this.#runAll(node.then, item, inner);
    }
  }

  #evaluate(pipeline: Pipeline, dot: Value, variables: Variables): Value {
    let previous: Value[] = [];
    for (const command of pipeline) previous = [this.#call(command, previous, dot, variables)];
    return previous[0];
  }

  #call(command: Command, previous: readonly Value[], dot: Value, variables: Variables): Value {
    const values = command.operands.map((operand) => this.#value(operand, dot, variables));
    if (command.name === undefined) {
      if (previous.length > 0) throw new TemplateError('a value cannot be called');
      return values[0];
    }
    const call = Object.hasOwn(functions, command.name) ? functions[command.name] : undefined;
    if (!call) throw new TemplateError(`function ${command.name} is not known`);
    return call(...values, ...previous);
  }

  #value(operand: Operand, dot: Value, variables: Variables): Value {
    if (operand.kind === 'constant') return operand.value;
    if (operand.kind === 'pipeline') return this.#evaluate(operand.pipeline, dot, variables);
    let value = dot;
    if (operand.root !== undefined) {
      const known = variables.get(operand.root);
      if (!known) throw new TemplateError(`variable ${operand.root} is not known`);
      value = known.value;
    }
    return operand.path.reduce<Value>((part, key) => partOf(part, key), value);
  }

  #writeValue(text: string): void {
    if (!this.#html) {
      this.#write(text);
      return;
    }
    const escaped = escapeFor(this.#context.place, text);
    this.#context.value();
    this.#write(escaped);
  }

  #write(text: string): void {
    this.#output += text;
    if (this.#output.length > maxOutput) throw new TemplateError('the result is too large');
  }
}
