"""The fields of both endpoints, by what they mean to a cache. A field that is not here is served verbatim only."""

from __future__ import annotations

# Do not change the answer, or not to whom it may be served: not compared.
IGNORED = frozenset(
    "stream stream_options metadata prompt_cache_key prompt_cache_options prompt_cache_retention service_tier"
    " prediction access_programs user safety_identifier store".split()
)
# Hold the question and what comes before it: compared by `question_of`, `context_of` and the instructions' digest.
CONVERSATION = frozenset(("messages", "input", "instructions"))
TOOLS = frozenset(("tools", "functions", "tool_choice", "function_call", "parallel_tool_calls"))
# Part of the scope: an answer is served for an equal value only.
WALLS = frozenset(
    "model stop max_tokens max_completion_tokens max_output_tokens reasoning reasoning_effort verbosity text"
    " response_format logit_bias frequency_penalty presence_penalty top_p include temperature seed n".split()
)
# The answer is for this call: its numbers are those of one run, or several answers were asked for.
VERBATIM = {
    "seed": "a seed asks for the very same answer",
    "logprobs": "log probabilities belong to one answer",
    "top_logprobs": "log probabilities belong to one answer",
}
# The answer depends on what is not in the request, or its making has effects.
NEVER = {
    "moderation": "moderation is a check of this call",
    "web_search_options": "the answer comes from the web of this moment",
    "audio": "sound is not stored",
    "previous_response_id": "it goes on from a response that the service holds",
    "conversation": "the conversation is held by the service",
    "background": "the answer is fetched later",
    "prompt": "the prompt is a template that the service holds",
    "image": "pictures are not stored",
    "context_management": "the service shortens the conversation",
    "max_tool_calls": "tools run at the service",
}
