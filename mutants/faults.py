"""Faults that could be in a source: for each place in it, what else might have been written there."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

OTHERS: dict[type[ast.AST], list[type[ast.AST]]] = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult],
    ast.Mod: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.BitOr: [ast.BitAnd],
    ast.BitAnd: [ast.BitOr],
    ast.LShift: [ast.RShift],
    ast.RShift: [ast.LShift],
}
"""What an operator is mistaken for."""

NAMES = {
    "min": "max",
    "any": "all",
    "floor": "ceil",
    "minimum": "maximum",
    "first": "last",
    "zeros": "ones",
    "startswith": "endswith",
    "lstrip": "rstrip",
    "argmin": "argmax",
}
SWAPPED = NAMES | {new: old for old, new in NAMES.items()}
"""What the name of a function is mistaken for."""

REMOVABLE = (ast.Expr, ast.Raise, ast.AugAssign, ast.Delete)
"""Statements without which the rest can still run."""


@dataclass(frozen=True)
class Fault:
    """A piece of a source, and what is written there instead."""

    file: str
    line: int
    function: str
    text: str
    """The line it is on."""
    before: str
    after: str
    start: int
    end: int
    """Of the piece, in bytes of the source."""
    reach: tuple[int, int]
    """The first and the last line of its statement; a test notices nothing that runs none of them."""
    imported: bool
    """Whether that statement runs when the module is imported, not later."""

    @property
    def key(self) -> tuple[str, ...]:
        """What it is, wherever in the file it is."""
        return self.file, self.function, self.text, self.before, self.after

    def planted(self, source: bytes) -> bytes:
        """The source with the fault in it."""
        return source[: self.start] + self.after.encode() + source[self.end :]

    def __str__(self) -> str:
        change = f"`{_one_line(self.before)}` -> `{_one_line(self.after)}`"
        return f"{self.file}:{self.line}: {self.function}: {change}\n    {self.text}"


Changes = Iterator[ast.AST]
Kind = Callable[[ast.AST], Changes]


def comparisons(node: ast.AST) -> Changes:
    """An operator of a comparison is another."""
    if isinstance(node, ast.Compare):
        for i, operator in enumerate(node.ops):
            for other in OTHERS[type(operator)]:
                ops = [*node.ops[:i], other(), *node.ops[i + 1 :]]
                yield ast.Compare(node.left, ops, node.comparators)  # type: ignore[arg-type]


def arithmetic(node: ast.AST) -> Changes:
    """An operator between two values is another; a sign is gone."""
    if isinstance(node, ast.BinOp):
        for other in OTHERS.get(type(node.op), []):
            yield ast.BinOp(node.left, other(), node.right)  # type: ignore[arg-type]
    if isinstance(node, ast.AugAssign):
        for other in OTHERS.get(type(node.op), []):
            yield ast.AugAssign(node.target, other(), node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp):
        yield node.operand


def logic(node: ast.AST) -> Changes:
    """`and` is `or`, a part of it is left out, a condition is its opposite."""
    if isinstance(node, ast.BoolOp):
        yield ast.BoolOp(OTHERS[type(node.op)][0](), node.values)  # type: ignore[arg-type]
        if len(node.values) > 1:
            for i in range(len(node.values)):
                rest = node.values[:i] + node.values[i + 1 :]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def constants(node: ast.AST) -> Changes:
    """A number is one more or one less, True is False."""
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)
        yield ast.Constant(node.value - 1)


def names(node: ast.AST) -> Changes:
    """`min` is `max`, and so on; a keyword argument is left out."""
    if not isinstance(node, ast.Call):
        return
    called = node.func
    if isinstance(called, ast.Name) and called.id in SWAPPED:
        yield ast.Call(ast.Name(SWAPPED[called.id]), node.args, node.keywords)
    if isinstance(called, ast.Attribute) and called.attr in SWAPPED:
        yield ast.Call(ast.Attribute(called.value, SWAPPED[called.attr]), node.args, node.keywords)
    for i, keyword in enumerate(node.keywords):
        if keyword.arg is not None and not isinstance(keyword.value, ast.Constant):
            yield ast.Call(called, node.args, node.keywords[:i] + node.keywords[i + 1 :])


def statements(node: ast.AST) -> Changes:
    """A statement is left out, a value that is returned is None, a loop ends or goes on."""
    if isinstance(node, REMOVABLE) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield ast.Pass()
    if isinstance(node, ast.Assign) and all(isinstance(each, ast.Attribute | ast.Subscript) for each in node.targets):
        yield ast.Pass()
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield ast.Return(ast.Constant(None))
    if isinstance(node, ast.Break):
        yield ast.Continue()
    if isinstance(node, ast.Continue):
        yield ast.Break()


KINDS: list[Kind] = [comparisons, arithmetic, logic, constants, names, statements]


def faults(root: Path, file: str) -> list[Fault]:
    """All faults of the kinds above that a file could have; what only types and messages depend on is left out."""
    return list(_Finder(file, (root / file).read_bytes()).of_module())


class _Finder:
    """Goes through a source and knows where it is."""

    def __init__(self, file: str, source: bytes) -> None:
        self.file, self.source = file, source
        self.lines = source.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))

    def of_module(self) -> Iterator[Fault]:
        for statement in ast.parse(self.source).body:
            yield from self.of_node(statement, statement, (), imported=True)

    def of_node(self, node: ast.AST, statement: ast.stmt, function: tuple[str, ...], imported: bool) -> Iterator[Fault]:
        for kind in KINDS:
            for changed in kind(node):
                yield self.fault(node, changed, statement, function, imported)
        if isinstance(node, ast.If | ast.While | ast.IfExp) and not isinstance(node.test, ast.Compare | ast.UnaryOp):
            opposite = ast.UnaryOp(ast.Not(), node.test)
            yield self.fault(node.test, opposite, statement, function, imported)
        for child, inside in _parts(node):
            within = function
            if inside and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                within = (*function, node.name)
            later = imported and not (inside and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))
            own = child if isinstance(child, ast.stmt) else statement
            yield from self.of_node(child, own, within, later)

    def fault(
        self, node: ast.AST, changed: ast.AST, statement: ast.stmt, function: tuple[str, ...], imported: bool
    ) -> Fault:
        assert isinstance(node, ast.expr | ast.stmt)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self.starts[node.lineno - 1] + node.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        after = ast.unparse(ast.fix_missing_locations(changed))
        if isinstance(node, ast.expr):
            after = f"({after})" if isinstance(changed, ast.expr) and not _closed(changed) else after
        body = getattr(statement, "body", None)
        last = body[0].lineno - 1 if body else statement.end_lineno
        return Fault(
            self.file,
            node.lineno,
            ".".join(function) or "(module)",
            self.lines[node.lineno - 1].decode().strip(),
            self.source[start:end].decode(),
            after,
            start,
            end,
            (statement.lineno, max(statement.lineno, last or 0)),
            imported,
        )


def _parts(node: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """What a node is made of and may be wrong, and whether that is inside of a function or class, not in its head."""
    if isinstance(node, ast.JoinedStr | ast.Raise | ast.Assert):
        return
    if isinstance(node, ast.AnnAssign):
        alias = isinstance(node.annotation, ast.Name) and node.annotation.id == "TypeAlias"
        if node.value is not None and not alias:
            yield node.value, False
        return
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"TypeVar", "NewType"}:
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        for decorator in node.decorator_list:
            if not ast.unparse(decorator).startswith("dataclass"):
                yield decorator, False
        if not isinstance(node, ast.ClassDef):
            for default in (*node.args.defaults, *node.args.kw_defaults):
                if default is not None:
                    yield default, False
        for statement in node.body:
            yield statement, True
        return
    strict = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "zip"
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr | ast.stmt):
            yield child, isinstance(node, ast.Lambda) and child is node.body
        elif isinstance(child, ast.keyword) and not strict:
            yield child.value, False
        elif isinstance(child, ast.comprehension):
            for part in (child.iter, *child.ifs):
                yield part, False
        elif isinstance(child, ast.withitem):
            yield child.context_expr, False
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            for statement in child.body:
                yield statement, False


def _closed(node: ast.expr) -> bool:
    """Whether it means the same without parentheses, wherever it stands."""
    return isinstance(node, ast.Constant | ast.Name | ast.Call | ast.Attribute | ast.Subscript) and not (
        isinstance(node, ast.Constant) and isinstance(node.value, int | float) and node.value < 0
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _one_line(text: str) -> str:
    return " ".join(text.split())
