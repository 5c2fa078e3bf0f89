"""What every slice's GraphQL shares: user errors, connections, error masking and limits. Knows no SIGMA noun."""

import secrets
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Generic, TypeVar

import strawberry
from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    IntValueNode,
    SelectionSetNode,
    VariableNode,
)
from strawberry.extensions import FieldExtension, SchemaExtension
from strawberry.scalars import JSON

from sigma.kit.db import DATABASE_DOWN
from sigma.kit.errors import Forbidden, SigmaError, Unauthenticated
from sigma.kit.log import get_logger
from sigma.kit.paging import Page

Source = TypeVar("Source")
T = TypeVar("T")

log = get_logger("graphql")

MAX_DEPTH = 10
MAX_ALIASES = 15
MAX_TOKENS = 1_500
MAX_COST = 20_000
MAX_SIZE = 5_000
DEFAULT_PAGE_SIZE = 50


@strawberry.type(description="Why a mutation did not happen.")
class UserError:
    """One anticipated error."""

    message: str = strawberry.field(description="A sentence that says what to do.")
    code: str = strawberry.field(description="A stable code, such as WORKSPACE_ALREADY_EXISTS.")
    field: list[str] = strawberry.field(description="The path of the input at fault; empty when no single one is.")

    @classmethod
    def of(cls, error: SigmaError) -> "UserError":
        """Return it as API users see it."""
        return cls(message=error.message, code=error.code, field=list(error.field))


@strawberry.type(description="Where a page stands in the whole list.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    """A row and its cursor."""

    cursor: str
    node: T


@strawberry.type
class Connection(Generic[T]):
    """One page of a list."""

    nodes: list[T]
    edges: list[Edge[T]]
    page_info: PageInfo


def to_connection(page: Page[Source], convert: Callable[[Source], T]) -> Connection[T]:
    """Return the page as API users see it."""
    nodes = [convert(row) for row in page.nodes]
    edges = [Edge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)]
    info = PageInfo(
        has_next_page=page.has_next_page,
        has_previous_page=page.has_previous_page,
        start_cursor=page.cursors[0] if page.cursors else None,
        end_cursor=page.cursors[-1] if page.cursors else None,
    )
    return Connection(nodes=nodes, edges=edges, page_info=info)


def to_json(value: Any) -> JSON | None:
    """Return a decoded document as GraphQL's JSON scalar."""
    return None if value is None else JSON(value)


class ExpectedErrors(FieldExtension):
    """Turns anticipated errors of a mutation into its payload: `success: false` and `errors`."""

    def __init__(self, payload: Callable[..., Any]) -> None:
        self._payload = payload

    async def resolve_async(self, next_: Callable[..., Awaitable[Any]], source: Any, info: strawberry.Info, **kwargs: Any) -> Any:
        """Run the mutation; missing rights stay top-level errors."""
        try:
            return await next_(source, info, **kwargs)
        except (Unauthenticated, Forbidden):
            raise
        except SigmaError as error:
            return self._payload(success=False, errors=[UserError.of(error)])


class PresentErrors(SchemaExtension):
    """Gives anticipated errors their code, and hides everything else behind an id that the log explains."""

    def on_operation(self) -> Iterator[None]:
        """Rewrite the errors of the finished operation."""
        yield
        result = self.execution_context.result
        if result is not None and result.errors:
            result.errors = [_presented(error) for error in result.errors]


def _presented(error: GraphQLError) -> GraphQLError:
    original = error.original_error
    if original is None or isinstance(original, GraphQLError):
        return error
    if isinstance(original, SigmaError):
        extensions = {"code": original.code, "field": list(original.field)}
        return GraphQLError(original.message, nodes=error.nodes, path=error.path, extensions=extensions)
    if isinstance(original, DATABASE_DOWN):
        log.warning("graphql.database_unavailable", error=type(original).__name__)
        message = "The database cannot be reached right now; try again."
        return GraphQLError(message, nodes=error.nodes, path=error.path, extensions={"code": "DATABASE_UNAVAILABLE"})
    error_id = secrets.token_hex(8)
    log.error("graphql.failed", error_id=error_id, error=type(original).__name__, exc_info=original)
    message = f"Something went wrong on our side. Please report the error id {error_id}."
    return GraphQLError(message, nodes=error.nodes, path=error.path, extensions={"code": "INTERNAL", "errorId": error_id})


class LimitCost(SchemaExtension):
    """Refuses operations that are too large or whose pages multiply beyond reason, before anything is validated or read.

    Each field costs 1, and what stands below a field with `first` counts that many times. The size is that of the document with
    its fragments written out: the rules that come later walk all of that, and fragments that spread fragments double it each time.
    """

    def on_validate(self) -> Iterator[None]:
        """Measure the document."""
        document = self.execution_context.graphql_document
        if document is not None:
            measure = _Measure(document, self.execution_context.variables or {})
            executable = [definition for definition in document.definitions if isinstance(definition, ExecutableDefinitionNode)]
            measured = [(definition, measure.selection(definition.selection_set)) for definition in executable]
            if sum(size for _, (_, size) in measured) > MAX_SIZE:
                raise _too_costly(f"This document is too large: it may have {MAX_SIZE} fields with its fragments written out.")
            cost = max((cost for definition, (cost, _) in measured if not isinstance(definition, FragmentDefinitionNode)), default=0)
            if cost > MAX_COST:
                raise _too_costly(f"This operation costs {cost}, the limit is {MAX_COST}. Ask for smaller pages or fewer nested lists.")
        yield


def _too_costly(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "QUERY_TOO_COSTLY"})


class _Measure:
    """Cost and size of selections. A fragment is measured once, however often it is spread."""

    def __init__(self, document: DocumentNode, variables: dict[str, Any]) -> None:
        self._variables = variables
        self._fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        self._known: dict[str, tuple[int, int]] = {}
        self._open: set[str] = set()

    def selection(self, selection: SelectionSetNode) -> tuple[int, int]:
        """Return the cost and the size of a selection."""
        cost = size = 0
        for node in selection.selections:
            if isinstance(node, FragmentSpreadNode):
                below = self._fragment(node.name.value)
            else:
                below = self.selection(node.selection_set) if node.selection_set else (0, 0)  # type: ignore[attr-defined]
            cost += 1 + _page_size(node, self._variables) * below[0] if isinstance(node, FieldNode) else below[0]
            size += 1 + below[1]
        return cost, size

    def _fragment(self, name: str) -> tuple[int, int]:
        """Return the cost and the size of a fragment. Raises: GraphQLError for one that is not there or contains itself."""
        if name not in self._known:
            if name not in self._fragments or name in self._open:
                what = "contains itself" if name in self._open else "is not defined"
                raise GraphQLError(f"The fragment {name} {what}.", extensions={"code": "INVALID_FRAGMENT"})
            self._open.add(name)
            self._known[name] = self.selection(self._fragments[name].selection_set)
            self._open.remove(name)
        return self._known[name]


def _page_size(field: FieldNode, variables: dict[str, Any]) -> int:
    names = {child.name.value for child in field.selection_set.selections if isinstance(child, FieldNode)} if field.selection_set else set()
    for argument in field.arguments or ():
        if argument.name.value == "first":
            value = argument.value
            if isinstance(value, IntValueNode):
                return max(1, int(value.value))
            if isinstance(value, VariableNode) and isinstance(variables.get(value.name.value), int):
                return max(1, int(variables[value.name.value]))
            return DEFAULT_PAGE_SIZE
    return DEFAULT_PAGE_SIZE if names & {"nodes", "edges"} else 1
