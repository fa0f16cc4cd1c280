"""The options of language models: their forms, and what has to stand together."""

import os

import pytest

from feed.settings.language_models import LLM_KEY, LanguageModelOptions
from feed.settings.load import InvalidSettings, load_settings
from feed.settings.options import Settings
from feed.settings.variables import unknown_variables

URL = "http://127.0.0.1:8000/v1"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("FEED_"):
            monkeypatch.delenv(name)


def problem_of(**options: object) -> str:
    with pytest.raises(InvalidSettings) as error:
        load_settings(options)
    [problem] = error.value.problems
    return str(problem)


def test_they_stand_behind_those_of_the_server() -> None:
    fields = Settings.option_fields()
    own = LanguageModelOptions.option_fields()
    assert fields[-len(own) :] == own
    assert sorted(fields) == sorted(Settings.model_fields)


@pytest.mark.parametrize("written", [URL, f"{URL}/", f"{URL}//"])
def test_the_base_of_an_upstream_is_kept_without_its_last_slash(written: str) -> None:
    assert load_settings({"llm": written})[0].llm == URL


def test_models_are_known_by_two_names() -> None:
    settings, _ = load_settings({"llm": URL, "llm_model": ["fast=llama3:8b", "best=org/m=x,y"]})
    assert settings.llm_models == {"fast": "llama3:8b", "best": "org/m=x,y"}


@pytest.mark.parametrize("value", ["fast=a", '["fast=a"]'])
def test_models_may_stand_in_a_variable(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEED_LLM", URL)
    monkeypatch.setenv("FEED_LLM_MODEL", value)
    assert load_settings({})[0].llm_models == {"fast": "a"}


def test_a_complaint_shows_the_model_that_is_not_accepted() -> None:
    problem = problem_of(llm=URL, llm_model=["fast=a", "best"])
    assert problem.startswith("--llm-model: 'best' is not accepted; accepted: NAME=UPSTREAM, ")


def test_a_name_of_two_models_is_refused() -> None:
    assert problem_of(llm=URL, llm_model=["a=b", "a=c"]).endswith("accepted: each NAME once")


def test_models_of_no_upstream_are_refused() -> None:
    problem = problem_of(llm_model=["a=b"])
    assert problem.endswith("accepted: models together with --llm, whose they are")
    assert problem_of(llm="x", llm_model=["a=b"]).startswith("--llm: 'x' is not accepted")


def test_a_key_in_the_url_is_refused_and_not_shown() -> None:
    problem = problem_of(llm="https://me:sk-1234@llm.example/v1")
    assert problem.endswith(f"no key in it, which others see: it comes from the variable {LLM_KEY}")
    assert "sk-1234" not in problem


def test_the_variable_of_the_key_is_known_and_is_no_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LLM_KEY, "sk-1234")
    assert unknown_variables(Settings.option_fields()) == []
    assert "sk-1234" not in repr(load_settings({})[0])
