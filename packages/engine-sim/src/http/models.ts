import type { Engine } from "./engine";

/** The answer of `GET /v1/models`: the model under each of its names, then its adapters. */
export function listModels(engine: Engine): unknown {
  const { models, adapters, maxModelLength } = engine.options;
  const base = models[0] as string;
  const cards = models.map((id) => card(engine, id, { root: base, parent: null, max_model_len: maxModelLength }));
  const adapterCards = adapters.map(({ name, path }) =>
    card(engine, name, { root: path ?? name, parent: base, max_model_len: null }),
  );
  return { object: "list", data: [...cards, ...adapterCards] };
}

function card(engine: Engine, id: string, own: object): object {
  const created = Math.floor(engine.startedSeconds);
  const permission = {
    id: `modelperm-${id}`,
    object: "model_permission",
    created,
    allow_create_engine: false,
    allow_sampling: true,
    allow_logprobs: true,
    allow_search_indices: false,
    allow_view: true,
    allow_fine_tuning: false,
    organization: "*",
    group: null,
    is_blocking: false,
  };
  return { id, object: "model", created, owned_by: "vllm", ...own, permission: [permission] };
}
