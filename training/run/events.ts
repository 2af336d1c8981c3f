import type { Monitors } from "../monitors/monitors.ts";

// What a training run tells. All but the states is plain data.

export interface StartEvent<S> {
  readonly type: "start";
  /** Name of the method. */
  readonly method: string;
  readonly images: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly steps: number;
  /** Images that go through the model at once; the batch where that fits. */
  readonly microBatch: number;
  /** Steps that an earlier part of this run has done; 0 for a new one. */
  readonly done: number;
  /** Before the first step to come. A copy that stays, but for a lost device: see `startOf`. */
  readonly state: S;
}

export interface StepEvent {
  readonly type: "step";
  /** From 1. */
  readonly epoch: number;
  /** In the whole run, from 1. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly rate: number;
  /** What the schedules gave, `rate` among it. */
  readonly values: Readonly<Record<string, number>>;
  /** What the method tells about the step. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
}

export interface EpochEvent {
  readonly type: "epoch";
  readonly epoch: number;
  readonly step: number;
  /** Mean over its steps. */
  readonly loss: number;
}

/** How the representation is. */
export interface MonitorsEvent {
  readonly type: "monitors";
  readonly epoch: number;
  readonly step: number;
  readonly monitors: Monitors;
}

/** Advice, in plain words. */
export interface WarningEvent {
  readonly type: "warning";
  readonly step: number;
  readonly topic: "collapse" | "checkpoint" | "device" | "memory";
  readonly message: string;
}

/** The state has been saved. */
export interface CheckpointEvent {
  readonly type: "checkpoint";
  readonly epoch: number;
  readonly step: number;
  readonly name: string;
  readonly bytes: number;
}

/** The device was lost; a new one goes on. */
export interface RecoveredEvent {
  readonly type: "recovered";
  /** The last step that was told. */
  readonly step: number;
  /** The step after which the new device went on; what lies between was done again and is not told again. */
  readonly from: number;
  /** Why the device was lost. */
  readonly reason: string;
}

export interface EndEvent<S> {
  readonly type: "end";
  readonly state: S;
  /** Done in the whole run. */
  readonly steps: number;
  /** Of this session. */
  readonly seconds: number;
  /** Whether the signal ended the run before its time. */
  readonly stopped: boolean;
}

export type TrainingEvent<S> =
  | StartEvent<S>
  | StepEvent
  | EpochEvent
  | MonitorsEvent
  | WarningEvent
  | CheckpointEvent
  | RecoveredEvent
  | EndEvent<S>;
