// A parser for the part of WGSL that the kernels use; what it does not know it refuses.

export type Expression =
  | { kind: "number"; text: string }
  | { kind: "name"; name: string }
  | { kind: "call"; name: string; args: Expression[] }
  | { kind: "index"; base: Expression; at: Expression }
  | { kind: "member"; base: Expression; name: string }
  | { kind: "unary"; operator: string; x: Expression }
  | { kind: "binary"; operator: string; a: Expression; b: Expression };

export type Statement =
  | { kind: "declare"; name: string; type: string | null; value: Expression | null; constant: boolean }
  | { kind: "assign"; target: Expression; operator: string; value: Expression }
  | { kind: "call"; call: Expression }
  | { kind: "if"; condition: Expression; then: Statement[]; otherwise: Statement[] | null }
  | {
      kind: "for";
      init: Statement | null;
      test: Expression | null;
      step: Statement | null;
      body: Statement[];
    }
  | { kind: "loop"; test: Expression | null; body: Statement[] }
  | { kind: "return"; value: Expression | null }
  | { kind: "block"; body: Statement[] }
  | { kind: "break" }
  | { kind: "continue" };

export interface Parameter {
  name: string;
  type: string;
  builtin: string | null;
}

export interface WgslFunction {
  name: string;
  parameters: Parameter[];
  result: string | null;
  body: Statement[];
  workgroupSize: number[] | null;
}

export interface Variable {
  name: string;
  space: string;
  access: string;
  element: string;
  length: number;
  binding: number;
}

export interface Module {
  variables: Variable[];
  functions: WgslFunction[];
}

const TOKEN =
  /\s+|\/\/[^\n]*|(0x[0-9a-fA-F]+[iu]?|(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?[fhiu]?)|([A-Za-z_]\w*)|(->|<<=|>>=|&&|\|\||==|!=|<=|>=|<<|>>|\+\+|--|\+=|-=|\*=|\/=|%=|&=|\|=|\^=|[-+*/%=<>!&|^~(){}[\];:,.@])/y;

function tokenize(source: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match) throw new Error(`wgsl: cannot read "${source.slice(at, at + 30)}"`);
    const token = match[1] ?? match[2] ?? match[3];
    if (token !== undefined) tokens.push(token);
  }
  return tokens;
}

const PRECEDENCE: Record<string, number> = {
  "||": 1,
  "&&": 2,
  "|": 3,
  "^": 4,
  "&": 5,
  "==": 6,
  "!=": 6,
  "<": 7,
  ">": 7,
  "<=": 7,
  ">=": 7,
  "<<": 8,
  ">>": 8,
  "+": 9,
  "-": 9,
  "*": 10,
  "/": 10,
  "%": 10,
};

const TEMPLATED = new Set(["bitcast", "array", "vec2", "vec3", "vec4"]);

export function parseWgsl(source: string): Module {
  return new Parser(tokenize(source)).module();
}

class Parser {
  private at = 0;
  private readonly tokens: readonly string[];

  constructor(tokens: readonly string[]) {
    this.tokens = tokens;
  }

  private peek(ahead = 0): string {
    return this.tokens[this.at + ahead] ?? "";
  }

  private next(): string {
    return this.tokens[this.at++] ?? "";
  }

  private eat(token: string): boolean {
    if (this.peek() !== token) return false;
    this.at++;
    return true;
  }

  private need(token: string): void {
    if (!this.eat(token))
      throw new Error(`wgsl: need "${token}" at "${this.tokens.slice(this.at - 3, this.at + 5).join(" ")}"`);
  }

  module(): Module {
    const variables: Variable[] = [];
    const functions: WgslFunction[] = [];
    while (this.at < this.tokens.length) {
      const attributes = this.attributes();
      if (this.eat("enable")) {
        this.next();
        this.need(";");
      } else if (this.peek() === "var")
        variables.push(this.variable(Number(attributes.get("binding") ?? -1)));
      else if (this.peek() === "fn") functions.push(this.function(attributes));
      else throw new Error(`wgsl: unknown declaration "${this.peek()}"`);
    }
    return { variables, functions };
  }

  private attributes(): Map<string, string> {
    const found = new Map<string, string>();
    while (this.eat("@")) {
      const name = this.next();
      const args: string[] = [];
      if (this.eat("(")) while (!this.eat(")")) args.push(this.next());
      found.set(name, args.filter((x) => x !== ",").join(","));
    }
    return found;
  }

  private variable(binding: number): Variable {
    this.need("var");
    this.need("<");
    const space = this.next();
    const access = this.eat(",") ? this.next() : "read";
    this.need(">");
    const name = this.next();
    this.need(":");
    this.need("array");
    this.need("<");
    const element = this.type();
    this.need(",");
    const length = Number(this.next());
    this.need(">");
    this.need(";");
    return { name, space, access, element, length, binding };
  }

  /** A type in its short form: `vec2<u32>` is `vec2u`, an array of a thread's own is `f32[8]`. */
  private type(): string {
    const name = this.next();
    if (!this.eat("<")) return name;
    const element = this.type();
    const length = this.eat(",") ? this.next() : null;
    this.need(">");
    if (length !== null) return `${element}[${length}]`;
    return name + element[0];
  }

  private function(attributes: ReadonlyMap<string, string>): WgslFunction {
    this.need("fn");
    const name = this.next();
    this.need("(");
    const parameters: Parameter[] = [];
    while (!this.eat(")")) {
      const builtin = this.attributes().get("builtin") ?? null;
      const parameter = this.next();
      this.need(":");
      parameters.push({ name: parameter, type: this.type(), builtin });
      this.eat(",");
    }
    const result = this.eat("->") ? this.type() : null;
    const size = attributes.get("workgroup_size");
    return {
      name,
      parameters,
      result,
      body: this.block(),
      workgroupSize: size?.split(",").map(Number) ?? null,
    };
  }

  private block(): Statement[] {
    this.need("{");
    const body: Statement[] = [];
    while (!this.eat("}")) if (!this.eat(";")) body.push(this.statement());
    return body;
  }

  private statement(): Statement {
    switch (this.peek()) {
      case "{":
        return { kind: "block", body: this.block() };
      case "if":
        return this.ifStatement();
      case "for":
        return this.forStatement();
      case "while":
        this.next();
        return { kind: "loop", test: this.expression(), body: this.block() };
      case "loop":
        this.next();
        return { kind: "loop", test: null, body: this.block() };
      case "return": {
        this.next();
        const value = this.peek() === ";" ? null : this.expression();
        this.need(";");
        return { kind: "return", value };
      }
      case "break":
      case "continue": {
        const kind = this.next() as "break" | "continue";
        this.need(";");
        return { kind };
      }
      default: {
        const s = this.simple();
        this.need(";");
        return s;
      }
    }
  }

  private ifStatement(): Statement {
    this.need("if");
    const condition = this.expression();
    const then = this.block();
    let otherwise: Statement[] | null = null;
    if (this.eat("else")) otherwise = this.peek() === "if" ? [this.ifStatement()] : this.block();
    return { kind: "if", condition, then, otherwise };
  }

  private forStatement(): Statement {
    this.need("for");
    this.need("(");
    const init = this.peek() === ";" ? null : this.simple();
    this.need(";");
    const test = this.peek() === ";" ? null : this.expression();
    this.need(";");
    const step = this.peek() === ")" ? null : this.simple();
    this.need(")");
    return { kind: "for", init, test, step, body: this.block() };
  }

  /** A declaration, assignment or call, without the semicolon. */
  private simple(): Statement {
    const word = this.peek();
    if (word === "let" || word === "var" || word === "const") {
      this.next();
      const name = this.next();
      const type = this.eat(":") ? this.type() : null;
      const value = this.eat("=") ? this.expression() : null;
      return { kind: "declare", name, type, value, constant: word !== "var" };
    }
    const target = this.unary();
    const operator = this.peek();
    if (operator === "++" || operator === "--") {
      this.next();
      return { kind: "assign", target, operator: `${operator[0]}=`, value: { kind: "number", text: "1" } };
    }
    if (/^([-+*/%&|^]|<<|>>)?=$/.test(operator)) {
      this.next();
      return { kind: "assign", target, operator, value: this.expression() };
    }
    return { kind: "call", call: target };
  }

  private expression(least = 1): Expression {
    let a = this.unary();
    for (;;) {
      const operator = this.peek();
      const precedence = PRECEDENCE[operator];
      if (precedence === undefined || precedence < least) return a;
      this.next();
      a = { kind: "binary", operator, a, b: this.expression(precedence + 1) };
    }
  }

  private unary(): Expression {
    const operator = this.peek();
    if (operator === "-" || operator === "!" || operator === "~") {
      this.next();
      return { kind: "unary", operator, x: this.unary() };
    }
    return this.postfix(this.primary());
  }

  private postfix(base: Expression): Expression {
    if (this.eat("[")) {
      const at = this.expression();
      this.need("]");
      return this.postfix({ kind: "index", base, at });
    }
    if (this.eat(".")) return this.postfix({ kind: "member", base, name: this.next() });
    return base;
  }

  private primary(): Expression {
    if (this.eat("(")) {
      const inner = this.expression();
      this.need(")");
      return inner;
    }
    const token = this.next();
    if (/^[.\d]/.test(token)) return { kind: "number", text: token };
    let name = token;
    if (TEMPLATED.has(token) && this.eat("<")) {
      const element = this.type();
      const length = this.eat(",") ? `[${this.next()}]` : "";
      name = token.startsWith("vec") ? token + element[0] : `${token}_${element}${length}`;
      this.need(">");
    }
    if (!this.eat("(")) return { kind: "name", name };
    const args: Expression[] = [];
    while (!this.eat(")")) {
      args.push(this.expression());
      this.eat(",");
    }
    return { kind: "call", name, args };
  }
}
