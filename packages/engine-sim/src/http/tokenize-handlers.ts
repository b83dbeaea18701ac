import type { IncomingMessage, ServerResponse } from "node:http";
import type { Engine } from "./engine";
import { findModel, translate } from "./prepare";
import { readJsonBody } from "./read-body";
import { refuse } from "./refusal";
import { sendJson } from "./send";
import { checkInteger, checkList, checkText, refuseComplaints } from "./validation";

/** `POST /tokenize`: a prompt or messages to token ids. */
export async function handleTokenize(
  engine: Engine,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { bytes, fields } = await readJsonBody(request);
  const isChat = fields.messages !== undefined;
  if (!isChat) requireField(fields, "prompt", checkText);
  findModel(engine, fields.model);
  const { tokenizer } = engine;
  const tokens = translate(() =>
    isChat
      ? tokenizer.renderChat(bytes).tokenIds
      : tokenizer.encode(String(fields.prompt), { addSpecialTokens: fields.add_special_tokens !== false }),
  );
  sendJson(response, 200, {
    count: tokens.length,
    max_model_len: engine.options.maxModelLength,
    tokens: [...tokens],
    token_strs: fields.return_token_strs === true ? [...tokens].map((token) => tokenizer.decode([token])) : null,
  });
}

/** `POST /detokenize`: token ids to text. */
export async function handleDetokenize(
  engine: Engine,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { fields } = await readJsonBody(request);
  requireField(fields, "tokens", checkList);
  const tokens = fields.tokens as readonly unknown[];
  const complaints = tokens.flatMap((token, i) => {
    const found = checkInteger(token);
    return found ? [{ type: found[0], loc: `body.tokens.${i}`, msg: found[1], input: token }] : [];
  });
  if (complaints.length > 0) throw refuseComplaints(complaints);
  findModel(engine, fields.model);
  const ids = tokens.map(Number);
  const outside = ids.find((id) => id < 0 || id >= engine.tokenizer.vocabularySize);
  if (outside !== undefined) throw refuse(400, `Token id ${outside} is out of vocabulary`);
  sendJson(response, 200, { prompt: engine.tokenizer.decode(ids) });
}

function requireField(fields: Readonly<Record<string, unknown>>, name: string, check: typeof checkText): void {
  const value = fields[name];
  if (value === undefined) {
    throw refuseComplaints([{ type: "missing", loc: `body.${name}`, msg: "Field required", input: fields }]);
  }
  const found = check(value);
  if (found) throw refuseComplaints([{ type: found[0], loc: `body.${name}`, msg: found[1], input: value }]);
}
