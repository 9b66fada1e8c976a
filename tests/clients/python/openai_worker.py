"""A worker on the official SDK that serves OpenAI clients in the way that Runpod's own workers do."""

import json

import runpod


async def handler(job):
    route = job["input"]["openai_route"]
    if route == "/v1/models":
        yield {"object": "list", "data": [{"id": "python", "object": "model"}]}
        return
    request = job["input"]["openai_input"]
    text = request["messages"][-1]["content"]
    if text == "fail":
        raise ValueError("out of memory")
    chunk = {"id": "c", "created": 0, "model": "python"}
    if not request.get("stream"):
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        yield {**chunk, "object": "chat.completion", "choices": [choice]}
        return
    for word in text.split(" "):
        choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
        frame = {**chunk, "object": "chat.completion.chunk", "choices": [choice]}
        yield f"data: {json.dumps(frame)}\n\n"
    yield "data: [DONE]\n\n"


runpod.serverless.start({"handler": handler, "return_aggregate_stream": True})
