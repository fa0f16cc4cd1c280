"""The routes of language models: paths and shapes are those of other APIs.

A query that nobody reads is ignored, since keys of other vendors stand there. Errors are in the
shape of each API, and so are refusals of whoever may not ask: handlers report
them by themselves, as those of endless answers do.
"""

from http import HTTPStatus

from aiohttp import hdrs

from feed.http.edge.forward import forward
from feed.http.generations import again, asking, forms
from feed.http.route import Body, Route
from feed.http.scopes import Scope

_OF_BODIES = (
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
_OF_IDS = (HTTPStatus.NOT_FOUND, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
_RESPONSE = "/v1/responses/{generation}"
_CHAT = "/api/chat/{conversation}"

GENERATION_ROUTES = (
    Route(
        "/v1/chat/completions",
        asking.chat_completions,
        Scope.GRANTED,
        "the answer of a language model, by OpenAI's chat completions",
        refuses_others=False,
        body=Body.ENDLESS,
        method=hdrs.METH_POST,
        says={200: forms.ChatAnswer},
        refuses=_OF_BODIES,
        asks=forms.ChatQuestion,
        streams=True,
        errors=forms.OpenAiError,
        hand_on=forward,
    ),
    Route(
        "/v1/responses",
        asking.responses,
        Scope.GRANTED,
        "the answer of a language model, by OpenAI's Responses API",
        refuses_others=False,
        body=Body.ENDLESS,
        method=hdrs.METH_POST,
        says={200: forms.ResponseAnswer},
        refuses=_OF_BODIES,
        asks=forms.ResponseQuestion,
        streams=True,
        errors=forms.OpenAiError,
        hand_on=forward,
    ),
    Route(
        _RESPONSE,
        again.response,
        Scope.GRANTED,
        "an answer by its id, as it is by now; as a stream also what of it is still to come",
        again.RESPONSE_PARAMETERS,
        body=Body.ENDLESS,
        says={200: forms.ResponseAnswer},
        refuses=(HTTPStatus.NOT_FOUND,),
        streams=True,
        errors=forms.OpenAiError,
        hand_on=forward,
    ),
    Route(
        _RESPONSE,
        again.delete_response,
        Scope.GRANTED,
        "that an answer is stopped, and that nobody finds it any more",
        refuses_others=False,
        body=Body.ENDLESS,
        method=hdrs.METH_DELETE,
        says={200: forms.DeletedAnswer},
        refuses=_OF_IDS,
        errors=forms.OpenAiError,
        hand_on=forward,
    ),
    Route(
        f"{_RESPONSE}/cancel",
        again.cancel_response,
        Scope.GRANTED,
        "an answer that was cancelled, as far as it was written",
        refuses_others=False,
        body=Body.ENDLESS,
        method=hdrs.METH_POST,
        says={200: forms.ResponseAnswer},
        refuses=_OF_IDS,
        errors=forms.OpenAiError,
        hand_on=forward,
    ),
    Route(
        "/v1/models",
        again.models,
        Scope.GRANTED,
        "the models that may be asked",
        refuses_others=False,
        body=Body.ENDLESS,
        says={200: forms.ModelsAnswer},
        errors=forms.OpenAiError,
        hand_on=forward,
    ),
    Route(
        "/api/chat",
        asking.chat,
        Scope.GRANTED,
        "the answer of a language model for a page: plain, or as the AI SDK reads it",
        refuses_others=False,
        body=Body.ENDLESS,
        method=hdrs.METH_POST,
        says={200: forms.ConversationAnswer},
        refuses=_OF_BODIES,
        asks=forms.ConversationQuestion,
        streams=True,
        errors=forms.PlainError,
        hand_on=forward,
    ),
    Route(
        f"{_CHAT}/stream",
        again.chat_stream,
        Scope.GRANTED,
        "the answer in a conversation that is being written, from its beginning",
        again.CHAT_PARAMETERS,
        body=Body.ENDLESS,
        says={200: None, 204: None},
        streams=True,
        errors=forms.PlainError,
        hand_on=forward,
    ),
    Route(
        f"{_CHAT}/stop",
        again.stop_chat,
        Scope.GRANTED,
        "how the answer in a conversation ended, which was stopped",
        refuses_others=False,
        body=Body.ENDLESS,
        method=hdrs.METH_POST,
        says={200: forms.StoppedAnswer},
        refuses=_OF_IDS,
        errors=forms.PlainError,
        hand_on=forward,
    ),
)
