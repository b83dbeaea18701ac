// For users: requests and changes to them, answers, errors.
export type { AnswerReader, AnswerReaderOptions } from "./answer-reader";
export { createAnswerReader } from "./answer-reader";
export type { AnswerResult, AnswerUsage } from "./answer-state";
export type { PathClass } from "./classify-path";
export { classifyPath } from "./classify-path";
export type { EngineError } from "./engine-error";
export { readEngineError } from "./engine-error";
export { errorBody, errorEvent } from "./error-body";
export type { ParseRequestOptions } from "./parse-request";
export { parseRequest } from "./parse-request";
export { readModel } from "./read-model";
export type { BodyEdit, FieldChanges } from "./splice";
export { fieldEdits, spliceBody, withField, withFields, withoutField } from "./splice";
