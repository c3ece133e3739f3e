// The least that a Worker can be.

export default {
  fetch() {
    return new Response("here");
  },
};
