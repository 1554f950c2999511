/** Attributes of a resource that an operation has something of. */

export const resourceName = {
  service: 'service.name',
  instance: 'service.instance.id',
  environment: 'deployment.environment.name',
  /** Before v1.27. */
  olderEnvironment: 'deployment.environment',
  region: 'cloud.region',
} as const
