// Clients that people use already, unchanged, each behind one function: it uploads a file and
// answers what the client says in the end. `window.steps` collects what happens meanwhile.

import { uploadFiles } from "@better-upload/client";
import { DirectUpload } from "@rails/activestorage";
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";

import AwsS3Of5 from "../clients/uppy-5/node_modules/@uppy/aws-s3/lib/index.js";
import UppyOf5 from "../clients/uppy-5/node_modules/@uppy/core/lib/index.js";

window.steps = [];
const note = (step) => window.steps.push(step);

/** A file of `size` bytes: `chunk` (base64) again and again. */
function makeFile({ name, type, size, chunk }) {
  const bytes = Uint8Array.from(atob(chunk), (char) => char.codePointAt(0));
  const parts = [];
  for (let left = size; left > 0; left -= bytes.length) {
    parts.push(left < bytes.length ? bytes.subarray(0, left) : bytes);
  }
  return new File(parts, name, { type });
}

/**
 * Runs an Uppy of either version. `pauseAt` is the share of the file at which it is paused once. What
 * fails while there is no network is tried again when there is one, as a user would.
 */
function upload(uppy, wanted, pauseAt) {
  return new Promise((resolve) => {
    let paused = false;
    uppy.on("upload-progress", (file, { bytesUploaded, bytesTotal }) => {
      note({ progress: bytesUploaded / bytesTotal });
      if (!pauseAt || paused || bytesUploaded / bytesTotal < pauseAt) return;
      paused = true;
      note({ paused: uppy.pauseResume(file.id) });
      setTimeout(() => note({ paused: uppy.pauseResume(file.id) }), 500);
    });
    uppy.on("s3-multipart:part-uploaded", (_file, part) => note({ part: part.PartNumber }));
    uppy.on("upload-success", (_file, { uploadURL, body }) => resolve({ uploadURL, body }));
    const fail = (error) => resolve({ error: String(error?.message ?? error) });
    uppy.on("upload-error", (file, error) => {
      if (navigator.onLine) return fail(error);
      note({ failed: String(error?.message ?? error) });
      addEventListener("online", () => uppy.retryUpload(file.id).catch(fail), { once: true });
    });
    const file = makeFile(wanted);
    uppy.addFile({ name: file.name, type: file.type, data: file, source: "test" });
    uppy.upload().catch(fail);
  });
}

const chunkSize = 5 * 1024 * 1024;

window.uploaders = {
  uppy6({ endpoint, multipart, pauseAt, ...wanted }) {
    const uppy = new Uppy({ autoProceed: false });
    const getChunkSize = () => chunkSize;
    uppy.use(AwsS3, { companionEndpoint: endpoint, shouldUseMultipart: multipart, getChunkSize });
    return upload(uppy, wanted, pauseAt);
  },

  uppy6Signed({ endpoint, token, multipart, pauseAt, ...wanted }) {
    const uppy = new Uppy({ autoProceed: false });
    const signRequest = async (request) => {
      note({ signed: request });
      const answer = await fetch(endpoint, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(request),
      });
      if (!answer.ok) throw new Error(await answer.text());
      return answer.json();
    };
    const getChunkSize = () => chunkSize;
    uppy.use(AwsS3, { signRequest, shouldUseMultipart: multipart, getChunkSize });
    return upload(uppy, wanted, pauseAt);
  },

  uppy5({ endpoint, token, multipart, pauseAt, ...wanted }) {
    const uppy = new UppyOf5({ autoProceed: false });
    const headers = { authorization: `Bearer ${token}` };
    const getChunkSize = () => chunkSize;
    uppy.use(AwsS3Of5, { endpoint, headers, shouldUseMultipart: multipart, getChunkSize });
    return upload(uppy, wanted, pauseAt);
  },

  activeStorage({ endpoint, token, ...wanted }) {
    return new Promise((resolve) => {
      const directUploadWillStoreFileWithXHR = (xhr) => {
        xhr.upload.addEventListener("progress", ({ loaded, total }) => note({ progress: loaded / total }));
      };
      const headers = { Authorization: `Bearer ${token}` };
      const file = makeFile(wanted);
      const client = new DirectUpload(file, endpoint, { directUploadWillStoreFileWithXHR }, headers);
      client.create((error, blob) => resolve(error ? { error: String(error) } : { blob }));
    });
  },

  async betterUpload({ endpoint, token, route, files, retry, retryDelay }) {
    try {
      const { files: stored, failedFiles } = await uploadFiles({
        api: endpoint,
        route,
        files: files.map(makeFile),
        headers: { authorization: `Bearer ${token}` },
        retry,
        retryDelay,
        onFileStateChange: ({ file }) => note({ progress: file.progress }),
      });
      return { stored, failedFiles };
    } catch (error) {
      return { error: error.message, type: error.type };
    }
  },

  /** A form as a page has it, that the browser sends by itself into a frame. */
  form({ url, fields, ...wanted }) {
    const frame = document.createElement("iframe");
    frame.name = `answer-${document.forms.length}`;
    const form = document.createElement("form");
    Object.assign(form, { method: "POST", action: url, enctype: "multipart/form-data" });
    form.target = frame.name;
    for (const [name, value] of Object.entries(fields)) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    const input = Object.assign(document.createElement("input"), { type: "file", name: "file" });
    const transfer = new DataTransfer();
    transfer.items.add(makeFile(wanted));
    input.files = transfer.files;
    form.append(input);
    document.body.append(frame, form);
    return new Promise((resolve) => {
      frame.addEventListener("load", () => resolve({ sent: true }), { once: true });
      form.submit();
    });
  },
};
