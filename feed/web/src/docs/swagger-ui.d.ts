/** What we use of `swagger-ui-dist`, which has no types. */
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  export default function SwaggerUI(options: {
    domNode: HTMLElement;
    url: string;
    deepLinking?: boolean;
    defaultModelsExpandDepth?: number;
    docExpansion?: "list" | "full" | "none";
    displayRequestDuration?: boolean;
    tryItOutEnabled?: boolean;
    validatorUrl?: string | null;
    plugins?: readonly ((system: never) => object)[];
    layout?: string;
  }): object;
}
