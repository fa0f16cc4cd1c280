"""The names of the codecs, as users write them: `codec=msgpack`, `--codec`, `feed.msgpack`.

They stand apart from the codecs themselves, so that a command line can offer them without loading
orjson and msgpack (20 ms).
"""

from typing import Literal

CodecName = Literal["json", "msgpack", "protobuf"]
