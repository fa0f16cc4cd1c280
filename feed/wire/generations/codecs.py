"""The codecs of the streams of other APIs, which nobody chooses by name."""

from feed.wire.generations.openai_chat import ChatCodec
from feed.wire.generations.openai_responses import ResponsesCodec
from feed.wire.generations.plain import PlainCodec
from feed.wire.generations.ui_messages import UiCodec

FOREIGN_CODECS = tuple(codec.name for codec in (ChatCodec, ResponsesCodec, PlainCodec, UiCodec))
