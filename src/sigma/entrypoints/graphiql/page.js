'use strict';
const defaultQuery = `# The newest messages. Put your API key into the headers below.
query NewestMessages {
  messages(platform: WHATS_APP, first: 10, orderBy: { timestamp: DESC }) {
    nodes {
      id
      kind
      text
      sender {
        displayName
        platformUserId # hashed phone number
      }
      timestampUtc
    }
  }
}
`;
ReactDOM.render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: '/graphql' }),
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: 'headers',
    defaultQuery,
    headers: JSON.stringify({ Authorization: 'Bearer <your API key>' }, null, 2),
  }),
  document.getElementById('graphiql'),
);
