from feed.wire.generations.models import model_answer, models_answer


def test_models_are_listed_as_openai_s_api_lists_them() -> None:
    market = {"id": "market", "object": "model", "created": 7, "owned_by": "feed"}
    assert models_answer(["market", "big"], 7) == {
        "object": "list",
        "data": [market, market | {"id": "big"}],
    }
    assert model_answer("market", 7) == market
