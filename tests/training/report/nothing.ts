/** What a report shows besides its words, where there is nothing of it. */
export const nothing = {
  ...{ loss: [], monitors: [], filters: [], fewLabels: [], configuration: [], damage: [], notes: [] },
  ...{ map: null, neighbours: null, views: null, looks: null, confusion: null, bars: null },
};
